#!/usr/bin/env bash
# Builds the images and runs the whole stack of docker-compose.yml with a Docker engine of its own, for machines that reach no registry of
# images: the base image is debootstrap's, PostgreSQL's is Debian's. tests/deploy/stack.py says what is asserted. As root; the base image
# stays for the next time in $CREDITRISK_BASE_IMAGE, by default ~/.cache/creditrisk/trixie.tar. $CREDITRISK_COMPOSE names another docker-compose
# than Debian's. Exits 77 without root or where its packages cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/packages.sh
. scripts/debian13.sh
[ "${1:-}" != --help ] || { sed -n '2,5s/^# //p' "$0"; exit 0; }

skip() { echo "check-deploy.sh: skipped: $1" >&2; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "only root can run a Docker engine"
need_packages docker.io docker-compose debootstrap iproute2 python3 python3-yaml || skip "docker.io, docker-compose and debootstrap cannot be installed"

base=${CREDITRISK_BASE_IMAGE:-${XDG_CACHE_HOME:-$HOME/.cache}/creditrisk/trixie.tar}
# its files change while it works: best in memory
room=/dev/shm
[ "$(df --output=avail -k "$room" 2>/dev/null | tail -n 1)" -gt 6000000 ] 2>/dev/null || room=${TMPDIR:-/tmp}
work=$(mktemp -d "$room/creditrisk-deploy.XXXXXX")
engine=

# Containers and networks first, then the engine that we started, then what it leaves behind. None of it may wait for ever.
clean_up() {
  local status=$? folder id networks
  trap - EXIT
  if [ -n "$engine" ]; then
    timeout 60 /usr/bin/docker ps -aq | xargs -r timeout 60 /usr/bin/docker rm -fv >/dev/null 2>&1 || true
    networks=$(timeout 60 /usr/bin/docker network ls -q --filter type=custom 2>/dev/null || true)
    xargs -r timeout 60 /usr/bin/docker network rm <<<"$networks" >/dev/null 2>&1 || true
    kill "$engine" 2>/dev/null || true
    timeout 30 tail --pid="$engine" -f /dev/null || kill -KILL "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    for id in $networks; do
      ip link delete "br-$id" 2>/dev/null || true
    done
  fi
  grep -o " $work/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount 2>/dev/null || true
  for folder in /sys/fs/cgroup/docker /sys/fs/cgroup/*/docker; do
    [ ! -d "$folder" ] || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A base image as debian:trixie-slim is one: apt works, no service starts, no documents but licences.
make_base() {
  local root=$work/root
  make_debian13 "$root" >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{man,locale}/*
  find "$root/usr/share/doc" -type f ! -name copyright -delete
  mkdir -p "$(dirname "$base")"
  tar --numeric-owner -C "$root" -cf "$base.new" .
  mv "$base.new" "$base"
  rm -rf --one-file-system "$root"
}

# Debian's own, whatever else is called docker
docker() { /usr/bin/docker "$@"; }
export DOCKER_HOST=unix://$work/docker.sock

[ -f "$base" ] || make_base
/usr/sbin/dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" -H "$DOCKER_HOST" --bridge=none --iptables=false \
  --ip6tables=false --ip-forward=false >"$work/engine.log" 2>&1 &
engine=$!
SECONDS=0
until timeout 10 /usr/bin/docker version >/dev/null 2>&1; do
  if ! kill -0 "$engine" 2>/dev/null || [ "$SECONDS" -ge 60 ]; then
    tail -n 20 "$work/engine.log" >&2
    echo "check-deploy.sh: the Docker engine has ended or gives no answer" >&2
    exit 1
  fi
  sleep 0.1
done
scripts/fetch-lightgbm.sh || true # it has said why; the image is built with or without it
docker import --change 'CMD ["bash"]' "$base" debian:trixie-slim >/dev/null
docker build --quiet --network host -t postgres:17 tests/deploy/postgres >/dev/null
python3 tests/deploy/stack.py "$work"
