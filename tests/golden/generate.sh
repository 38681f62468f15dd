#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes generate.sha256: the digests of the four tables of one small synthetic book, which has the same bytes on every
# machine. They change only when the generator is meant to change. Run: ./generate.sh BUILD/creditrisk > generate.sha256
set -euo pipefail
program=$(realpath "$1")
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$root" # for config/
"$program" generate --quiet --customers 200 --loans 400 --seed 42 --out "$folder/book" >/dev/null
cd "$folder/book"
sha256sum -- *
