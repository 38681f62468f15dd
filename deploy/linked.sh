#!/bin/bash
# linked.sh files|packages PROGRAM: the libraries that a program is linked with, or Debian's packages of them.
set -euo pipefail

files() { ldd "$1" | sed -n 's/.*[[:blank:]]\(\/[^ ]*\) (0x.*/\1/p'; }

# dpkg knows a file by the name under which it was packed, which may be that behind a link.
packages() {
  local library
  files "$1" | while read -r library; do
    dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "$(readlink -f "$library")" 2>/dev/null || dpkg-query -S "/usr$library"
  done | sed -n 's/^\([a-z0-9.+-]*\):.*/\1/p' | sort -u
}

"$1" "$2"
