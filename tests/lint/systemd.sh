#!/usr/bin/env bash
# usage: systemd.sh SOURCE_ROOT — the service's file is understood by systemd and leaves it little to do harm with.
set -euo pipefail
unit=$1/config/systemd/creditriskd.service
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not there" >&2; exit 77; }
systemd-analyze security --help 2>/dev/null | grep -q -- --offline || { echo "this systemd-analyze cannot judge a file" >&2; exit 77; }

# 0 = no exposure, 100 = all; anything unknown in the file is said on standard error
complaints=$(systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" 2>&1 >/dev/null) || { echo "$complaints" >&2; exit 1; }
[ -z "$complaints" ] || { echo "$complaints" >&2; exit 1; }
