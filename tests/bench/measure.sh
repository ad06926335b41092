#!/bin/sh
# measure.sh: start-up, memory, idle wake-ups and disk flushes of the daemon, and of the npm daemon beside it
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sh tests/bench/measure.sh [--build-dir DIR] [--idle SECONDS] [--only NAME,...] [--no-peer]

Prints a table. NAME is one of: start, idle, endpoints, wakeups, flushes. Measure an optimised build without
sanitizers (the default ./build of data/quickstart.sh is one), on a machine that does nothing else.
Flushes are counted with strace; where there is none, that row is left out. The npm daemon is measured where
it is installed (npm ci in tests/interop, or sh tests/run.sh).
USAGE
}

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
build=$top/build
case ${1-} in
  --help | -h) usage; exit 0 ;;
  --build-dir)
    [ $# -gt 1 ] || { usage >&2; exit 2; }
    build=$2
    shift 2 ;;
esac

[ -x "$build/broker/runtime-brokerd" ] || { echo "No $build/broker/runtime-brokerd: build first." >&2; exit 1; }
exec python3 "$top/tests/bench/measure.py" "$build" "$@"
