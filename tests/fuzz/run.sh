#!/bin/sh
# run.sh: the fuzz targets with libFuzzer, which is guided by coverage
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sh tests/fuzz/run.sh [--seconds N] [TARGET...]

Builds the targets in ./build-fuzz with clang, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each for N seconds
(600), two at a time. What it finds is kept in build-fuzz/found/TARGET (inputs that reached new code) and
build-fuzz/crash-TARGET-* (inputs that crashed). Exit codes: 0 nothing was found, 1 something was, 2 wrong usage, 3 no clang.
USAGE
}

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
seconds=600
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) [ $# -ge 2 ] || { usage >&2; exit 2; }; seconds=$2; shift ;;
    --help | -h) usage; exit 0 ;;
    -*) echo "run.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done

command -v clang >/dev/null 2>&1 || { echo "libFuzzer comes with clang: apt-get install clang" >&2; exit 3; }
build=$top/build-fuzz
[ -f "$build/build.ninja" ] ||
  CC=clang meson setup "$build" "$top" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null || exit 1
if [ $# -eq 0 ]; then
  for folder in "$top"/tests/fuzz/corpus/*/; do
    set -- "$@" "$(basename "$folder")"
  done
fi

programs=
for target in "$@"; do
  programs="$programs tests/test-fuzz-$target"
done
# shellcheck disable=SC2086
ninja -C "$build" $programs >/dev/null || { echo "The targets could not be built; see: ninja -C $build" >&2; exit 1; }

# fuzz_one TARGET: one process, its own log
fuzz_one () {
  mkdir -p "$build/found/$1"
  G_SLICE=always-malloc "$build/tests/test-fuzz-$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$build/crash-$1-" "$build/found/$1" "$top/tests/fuzz/corpus/$1" >"$build/fuzz-$1.log" 2>&1
  status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz-$1.log")
  if [ $status -eq 0 ]; then
    echo "$1: nothing found in ${runs:-?} runs"
  else
    echo "$1: FOUND SOMETHING: $build/fuzz-$1.log"
  fi
  return $status
}

failed=0
while [ $# -gt 0 ]; do
  fuzz_one "$1" &
  first=$!
  shift
  if [ $# -gt 0 ]; then
    fuzz_one "$1" || failed=1
    shift
  fi
  wait $first || failed=1
done
exit $failed
