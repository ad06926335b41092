#!/bin/sh
# quickstart.sh: from a fresh clone to a running broker, or to a whole conversation
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sh data/quickstart.sh [--demo] [--build-dir DIR] [--help]

Installs the build needs (Debian 12; root or sudo, only if something is missing), builds in ./build, and
starts runtime-brokerd on profile local: no account, no server, no network. Runs until Ctrl-C.

  --demo           start a broker of its own in a temporary directory, play a conversation, stop it again
  --build-dir DIR  build in DIR instead of ./build
  --help           this text

Exit codes: 0 done (or a broker runs already), 1 the build, the start or the demo failed, 2 wrong usage,
3 the build needs are missing and could not be installed.
USAGE
}

demo=no
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
build=$top/build
. "$top/data/install-needs.sh"
if must_change_user; then
  install_needs build || exit 3
  go_on_as_user "$top/data/quickstart.sh" "$@"
fi
while [ $# -gt 0 ]; do
  case $1 in
    --demo) demo=yes ;;
    --build-dir)
      [ $# -gt 1 ] || { usage >&2; exit 2; }
      case $2 in /*) build=$2 ;; *) build=$PWD/$2 ;; esac
      shift ;;
    --help | -h) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

broker_pid=
scratch=

stop_broker () {
  if [ -n "$broker_pid" ]; then
    kill -TERM "$broker_pid" 2>/dev/null
    wait "$broker_pid"
    broker_status=$?
    broker_pid=
    return $broker_status
  fi
}

# shellcheck disable=SC2317,SC2329
clean_up () {
  stop_broker
  [ -z "$scratch" ] || rm -rf "$scratch"
}

# shellcheck disable=SC2317,SC2329
interrupted () {
  stop_broker
  echo "Stopped."
  [ $demo = no ] || exit 1
  exit 0
}

# Only what runs is built here, so that the first start does not wait for the test programs.
build_programs () {
  log=$build/quickstart.log
  mkdir -p "$build" || return 1
  if [ ! -f "$build/build.ninja" ]; then
    echo "Configuring in $build"
    meson setup "$build" "$top" >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
  fi
  echo "Building"
  ninja -C "$build" quickstart >"$log" 2>&1 || { tail -n 40 "$log" >&2; return 1; }
}

# The demo shares nothing with the user's own broker: neither files nor sockets nor settings.
isolate () {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/rb-demo.XXXXXX") || return 1
  mkdir -m 700 "$scratch/run" || return 1
  unset MASONS_BROKER_ACCOUNT_ID MASONS_BROKER_API_HOST MASONS_BROKER_CREDENTIALS_FILE
  export HOME="$scratch" XDG_RUNTIME_DIR="$scratch/run" XDG_CONFIG_HOME="$scratch/config" XDG_DATA_HOME="$scratch/share"
  export XDG_STATE_HOME="$scratch/state" OPENCLAW_HOME="$scratch/openclaw" MASONS_BROKER_USER_DATA="$scratch/data"
}

# wait_until_ready: 0 healthy, 1 the daemon left or did not become healthy in 10 s
wait_until_ready () {
  tries=0
  while [ $tries -lt 100 ]; do
    kill -0 "$broker_pid" 2>/dev/null || return 1
    "$brokerctl" status --no-start >/dev/null 2>&1 && return 0
    sleep 0.1
    tries=$((tries + 1))
  done
  return 1
}

start_broker () {
  "$brokerd" --set broker.profile=local &
  broker_pid=$!
  if wait_until_ready; then
    return 0
  fi
  stop_broker
  status=$?
  if [ $status = 0 ] && "$brokerctl" status --no-start >/dev/null 2>&1; then
    echo "A broker of this account is running already."
    return 10
  fi
  echo "runtime-brokerd did not become ready (exit status $status)." >&2
  return 1
}

print_next () {
  address=$("$brokerctl" status --no-start --json | sed -n 's/.*"address" *: *"\([^"]*\)".*/\1/p')
  # The quotes matter when the clone's path has a space. Tokens are not for the screen: `env` prints them when asked.
  cat <<NEXT

runtime-brokerd is running. It listens on:
$("$brokerctl" env --no-start | sed -n 's/^MASONS_BROKER_IPC_URL=/  /p; s/^MASONS_BROKER_IPC_SOCKET=/  /p')
Its address on the network of this machine is $address.

Try, in other terminals (the first makes a program a runtime, the second waits for an answer):
  "$brokerctl" attach --name shout --exec 'tr a-z A-Z'
  "$brokerctl" send --to $address --wait-reply 'hello'
  "$brokerctl" inbox       # then: the same with dispatch MESSAGE shout
NEXT
}

run_demo () {
  isolate || return 1
  start_broker >"$scratch/broker.log" 2>&1 || { cat "$scratch/broker.log" >&2; return 1; }
  "$brokerctl" demo
  status=$?
  stop_broker
  stopped=$?
  [ $status = 0 ] || { echo "The demo failed (exit status $status). The broker said:" >&2; cat "$scratch/broker.log" >&2; return 1; }
  [ $stopped = 0 ] || { echo "The broker did not stop cleanly (exit status $stopped)." >&2; return 1; }
}

run_until_interrupted () {
  start_broker
  started=$?
  [ $started != 10 ] || { print_next; return 0; }
  [ $started = 0 ] || return 1
  print_next
  echo
  echo "Ctrl-C stops it."
  wait "$broker_pid"
  status=$?
  broker_pid=
  [ $status = 0 ]
}

trap clean_up EXIT
trap interrupted INT TERM

install_needs build || exit 3
build_programs || { echo "The build failed; the whole log is in $build/quickstart.log." >&2; exit 1; }
brokerd=$build/broker/runtime-brokerd
brokerctl=$build/broker/brokerctl

if [ $demo = yes ]; then
  run_demo || exit 1
else
  run_until_interrupted || exit 1
fi
