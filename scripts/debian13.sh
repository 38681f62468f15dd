# shellcheck shell=bash
# Sourced by the other scripts: a Debian 13 in a folder, for machines that reach no registry of images.

# make_debian13 FOLDER: a minimal one from the mirror that this machine's apt uses, in which no package starts a service. As root, with debootstrap.
make_debian13() {
  local url
  url=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | sed -n '/^Debian Debian /{s///p;q}')
  [ -n "$url" ] || { echo "apt knows no Debian mirror; run apt-get update" >&2; return 1; }
  debootstrap --variant=minbase trixie "$1" "$url" &&
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d" &&
    chmod +x "$1/usr/sbin/policy-rc.d"
}
