#!/bin/sh
# run.sh: builds with sanitizers and runs every test
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sh tests/run.sh [--quick] [--plain] [--verbose] [TEST...]

Installs what is missing (Debian 12; root or sudo), builds in ./build-asan with warnings as errors,
AddressSanitizer and UndefinedBehaviorSanitizer, and runs the tests. A leak fails a test.

  --quick    leave out the tests of the suite `slow`
  --plain    without sanitizers, in ./build-plain
  --verbose  print what every test prints
  TEST...    only these tests, as `meson test` takes them: `core-inbox`, `core-*`

The last line is `N passed, M failed, K skipped`, counting test cases, not programs.
Exit codes: 0 all passed, 1 something failed or nothing ran, 2 wrong usage, 3 needs are missing.
USAGE
}

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
. "$top/data/install-needs.sh"
if must_change_user; then
  install_needs build test interop || exit 3
  go_on_as_user "$top/tests/run.sh" "$@"
fi
build=$top/build-asan
sanitize=address,undefined
quick=no
verbose=no
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --plain) build=$top/build-plain sanitize=none ;;
    --verbose) verbose=yes ;;
    --help | -h) usage; exit 0 ;;
    -*) echo "run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done


step () {
  echo
  echo "== $*"
}

# install_npm FOLDER: what its lock file lists. Tests that need it skip it, and say so, when it cannot be had; nothing else needs Node.
install_npm () {
  folder=$top/tests/$1
  installed=$folder/node_modules/.installed-lock.json
  cmp -s "$folder/package-lock.json" "$installed" && return 0
  install_needs interop || return 1
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || return 1
  cp "$folder/package-lock.json" "$installed"
}

configure () {
  [ -f "$build/build.ninja" ] && return 0
  meson setup "$build" "$top" -Dwerror=true "-Db_sanitize=$sanitize" -Db_lundef=false -Dintrospection=enabled -Dvapi=enabled \
    -Ddocumentation=enabled
}

step "needs"
install_needs build test || exit 3
install_npm interop || echo "The npm SDK could not be installed: its tests will be skipped."
install_npm mcp || echo "The MCP client and inspector could not be installed: runtime-broker-mcp will not be tried with them."
install_npm web || echo "axe-core could not be installed: the page will not be checked with it."

step "build in $build"
configure || exit 1
ninja -C "$build" || exit 1

step "test"
rm -f "$build/meson-logs/testlog.json"
# Sanitizers make everything slower, and so does a machine that is busy.
set -- --no-rebuild --print-errorlogs --timeout-multiplier 4 "$@"
[ $quick = no ] || set -- --no-suite slow "$@"
[ $verbose = no ] || set -- --verbose "$@"
meson test -C "$build" "$@"
status=$?

step "result"
python3 "$top/tests/count.py" "$build/meson-logs/testlog.json" $status
