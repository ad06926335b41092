# session.sh: directories of a user who has never had a broker, gone with the test; the broker that it leaves running is ended
#
# SPDX-License-Identifier: LGPL-2.1-or-later

scratch=$(mktemp -d)
export HOME="$scratch" XDG_RUNTIME_DIR="$scratch/run"
unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME DBUS_SESSION_BUS_ADDRESS

# shellcheck disable=SC2317,SC2329
leave () {
  pid=$(brokerctl --no-start env --json 2>/dev/null | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
  if [ -n "$pid" ]; then
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  fi
  cd / && rm -rf "$scratch"
}

trap leave EXIT
mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$scratch"
