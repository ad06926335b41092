#!/bin/sh
# run.sh: builds the Debian packages, asks lintian, and tries them in a system that never saw us
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sudo sh tests/package/run.sh [--keep] [--no-check] [--work DIR]

Builds the packages of debian/ from the commit that is checked out, runs lintian on them, makes a minimal Debian system in a
temporary folder from the sources that apt has here, and there installs, tries, removes and purges them. Takes some ten minutes.

  --keep      leave the folder with packages, logs and the system (it is named)
  --no-check  do not run the build's own tests
  --work DIR  work in DIR (made if missing) instead of a temporary folder; packages that are there already are not built again

Exit codes: 0 all is well, 1 something failed, 2 wrong usage, 3 not root, or needs are missing.
USAGE
}

keep=no
check=yes
work=
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=yes ;;
    --no-check) check=no ;;
    --work)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      work=$2 keep=yes
      shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

if [ "$(id -u)" != 0 ]; then
  echo "run.sh: this makes a Debian system of its own in a folder and changes into it, which takes root: sudo sh $0" >&2
  exit 3
fi
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
. "$top/data/install-needs.sh"
install_needs build test package || exit 3

if [ -n "$work" ]; then
  mkdir -p "$work" && work=$(CDPATH='' cd -- "$work" && pwd) || exit 1
else
  work=$(mktemp -d) || exit 1
fi
# apt and lintian read there as users of their own.
chmod 755 "$work"
system=$work/system

# shellcheck disable=SC2317,SC2329
clean_up () {
  if [ $keep = yes ]; then
    echo "Packages, logs and the system are in $work"
  else
    rm -rf --one-file-system "$work"
  fi
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

begin=$(date +%s)
step () {
  echo
  echo "== $* ($(($(date +%s) - begin)) s)"
}

build () {
  version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$top/meson.build")
  source=$work/runtime-broker-$version
  rm -rf "$source" && mkdir "$source" || return 1
  # As owner of all files, so that git, sudo or not, reads the repository of whoever called.
  git -c safe.directory="$top" -C "$top" archive HEAD | tar -x -C "$source" || return 1
  profile=
  [ $check = yes ] || profile=nocheck
  if ! (cd "$source" && DEB_BUILD_OPTIONS="parallel=$(nproc) $profile" dpkg-buildpackage -us -uc) >"$work/build.log" 2>&1; then
    tail -n 60 "$work/build.log" >&2
    return 1
  fi
}

# The first place of the system's own packages; third parties' lists have other codenames or no `main`.
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror () {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)' | sed -n "s/^Packages $codename main //p" | head -n 1
}

make_system () {
  from=$(mirror)
  [ -n "$from" ] || { echo "apt has no source of $codename here" >&2; return 1; }
  rm -rf --one-file-system "$system"
  debootstrap --variant=minbase "$codename" "$system" "$from" >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; return 1; }
  # shellcheck disable=SC2016
  apt-get indextargets --format 'deb $(REPO_URI) $(SUITE) $(COMPONENT) $(CREATED_BY) $(CODENAME)' |
    sed -n "s/ Packages $codename\(-[a-z]*\)*$//p" | sort -u >"$system/etc/apt/sources.list"
  # What apt is told here about proxies and dates holds there, too.
  apt-config dump | grep '^Acquire::\(http\|https\|Check-Valid-Until\|Retries\)' >"$system/etc/apt/apt.conf.d/00outside" || true
  cp /etc/resolv.conf "$system/etc/resolv.conf"
  cp /etc/hosts "$system/etc/hosts"
}

# Processes and mounts of its own: none is left, however it ends.
inside () {
  unshare --mount --pid --ipc --fork --kill-child --mount-proc="$system/proc" chroot "$system" \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

step "packages"
if ls "$work"/runtime-broker_*.changes >/dev/null 2>&1; then
  echo "They are there already."
else
  build || exit 1
fi
ls -l "$work"/*.deb | awk '{ n = split($9, part, "/"); print part[n], $5, "bytes" }'
grep -h '^Ok:\|^Fail:\|^Skipped:\|^Timeout:' "$work/build.log" 2>/dev/null

step "lintian"
# --allow-root: it says so at each run otherwise, and reads files only.
lintian --allow-root -i -I --pedantic --fail-on error,warning "$work"/runtime-broker_*.changes
status=$?
[ $status = 0 ] || { echo "lintian ended with $status" >&2; exit 1; }

step "built for one person alone, below ~/.local"
sh "$top/tests/package/home.sh" "$top" "$work" || exit 1

step "a minimal $codename"
make_system || exit 1
du -sh "$system" | cut -f 1

step "installed, tried, purged"
mkdir "$system/packages" && cp "$work"/*.deb "$system/packages/" && cp "$top/tests/package/inside.sh" "$system/packages/" || exit 1
cp -r "$top/debian/tests" "$system/packages/" || exit 1
cp "$top/tests/data/emitter-example.c" "$top/broker/client/examples/shout.c" "$system/packages/tests/" || exit 1
inside sh /packages/inside.sh || exit 1

step "all is well"
