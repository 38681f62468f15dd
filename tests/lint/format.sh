#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# format.sh ROOT: fails when clang-format would change a source file. Only version 14 (Debian 12) decides: others
# break lines differently, so without it the check is skipped (77).
set -euo pipefail
cd "$1"

tool=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$tool" ]; then
    echo "skipped: there is no clang-format" >&2
    exit 77
fi
version=$("$tool" --version)
if ! [[ $version =~ version\ 14\. ]]; then
    echo "skipped: clang-format 14 is needed, this is: $version" >&2
    exit 77
fi
mapfile -t files < <(find src include tests -name '*.[ch]' | LC_ALL=C sort)
if [ ${#files[@]} -eq 0 ]; then
    echo "format: there is nothing to check" >&2
    exit 1
fi
"$tool" --dry-run -Werror "${files[@]}"
echo "format: ${#files[@]} files"
