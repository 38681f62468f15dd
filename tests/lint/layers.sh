#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# layers.sh ROOT: fails on an #include that layers.txt does not allow, or of another layer's private header.
set -euo pipefail
table=$(cd "$(dirname "$0")" && pwd)/layers.txt
cd "$1"

mapfile -t files < <(find src include/creditrisk -name '*.[ch]' | LC_ALL=C sort)
if [ ${#files[@]} -eq 0 ]; then
    echo "layers: there is nothing to check" >&2
    exit 1
fi

awk '
function complain(what) {
    printf "%s:%d: %s\n", FILENAME, FNR, what
    bad++
}

function layer_of(path,    parts, n) {
    n = split(path, parts, "/")
    return parts[1] == "src" ? (n > 2 ? parts[2] : "") : (n > 3 ? parts[3] : "")
}

function matches(path, globs,    parts, n, i, regex) {
    n = split(globs, parts, " ")
    for (i = 1; i <= n; i++) {
        regex = parts[i]
        gsub(/\./, "\\.", regex)
        gsub(/\*/, ".*", regex)
        if (path ~ ("^" regex "$")) {
            return 1
        }
    }
    return 0
}

# The table comes first: "name: what is allowed".
FILENAME == ARGV[1] {
    if ($0 !~ /^#/ && NF > 0) {
        name = $1
        sub(/:$/, "", name)
        sub(/^[^ ]+ */, "")
        allowed[name] = " " $0 " "
    }
    next
}

FNR == 1 {
    n_files++
    layer = layer_of(FILENAME)
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    if (!(layer in allowed)) {
        complain("this file is in no layer of layers.txt")
    }
}

/^[ \t]*#[ \t]*include/ {
    header = $0
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
    quoted = header ~ /^"/
    sub(/[>"][^>"]*$/, "", header)
    header = substr(header, 2)
    n_includes++

    if (header ~ /^creditrisk\//) {
        other = layer_of("include/" header)
        if (other != layer && index(allowed[layer], " " other " ") == 0) {
            complain("layer " layer " may not include \"" header "\"")
        }
    } else if (quoted) {
        if (system("test -f \"" folder header "\"") != 0 || header ~ /\//) {
            complain("\"" header "\" is not a private header of this folder")
        }
    } else if (("<" header ">") in allowed && !matches(FILENAME, allowed["<" header ">"])) {
        complain("<" header "> belongs to" allowed["<" header ">"])
    }
}

END {
    printf "layers: %d files, %d includes, %d violations\n", n_files, n_includes, bad
    exit bad > 0 || n_files == 0 || n_includes == 0
}' "$table" "${files[@]}"
