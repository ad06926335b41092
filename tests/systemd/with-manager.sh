#!/bin/bash
# with-manager.sh: runs a command in a session with a systemd user manager of its own
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: with-manager.sh HOME COMMAND [ARGUMENT...]
#
# HOME is an empty directory, which becomes that of an ordinary person; the session is in HOME/run. Needs root, which is given up before the manager starts:
# the manager wants a tree of control groups of its own and a machine that was started by systemd, and sees both in namespaces of its own. Whatever
# is left in them ends with the command. Exit status 77, and why on standard output: there can be no manager here.
set -u

# Nobody's, and none of the system's: those have no journal of their own.
person=54321

skip() {
  printf '%s\n' "$*"
  exit 77
}

# The first process: on the outside.
enter() {
  [ "$(id -u)" -eq 0 ] || skip 'a user manager of its own needs root'
  for program in unshare setpriv systemctl /lib/systemd/systemd; do
    command -v "$program" > /dev/null || skip "there is no $program"
  done
  unshare --mount --pid --fork --kill-child --mount-proc true 2> /dev/null || skip 'namespaces are not allowed here'
  unshare --mount --pid --fork --kill-child --mount-proc bash "$0" --inside "$@"
  status=$?
  # The groups are empty now.
  [ ! -f "$1/group" ] || clean "$(cat "$1/group")"
  exit $status
}

# Its own mount of the one tree of control groups, wherever that is seen elsewhere.
clean() {
  unshare --mount bash -c 'mount --make-rprivate / && mount -t cgroup2 cgroup2 /mnt && find "/mnt/$1" -depth -type d -exec rmdir {} \; ' -- "$1" 2> /dev/null
}

# A journal of its own, where there is the program: what units write is in none otherwise.
keep_journal() {
  [ -x /lib/systemd/systemd-journald ] && mount -t tmpfs -o mode=755 tmpfs /var/log || return
  mkdir -p /var/log/journal /run/systemd/journal
  touch /run/systemd/journal/flushed
  unshare --cgroup /lib/systemd/systemd-journald > /dev/null 2>&1 &
  # It has its view of the groups, and its sockets.
  for _ in $(seq 100); do
    [ ! -S /run/systemd/journal/stdout ] || break
    sleep 0.1
  done
}

# With namespaces of processes and mounts.
inside() {
  home=$1
  group=runtime-broker-test-$(cut -d . -f 1 /proc/uptime)-$RANDOM
  mount --make-rprivate / || skip 'mounts cannot be made private'
  ! mountpoint -q /sys/fs/cgroup || umount -R /sys/fs/cgroup || skip 'the control groups cannot be hidden'
  mount -t cgroup2 cgroup2 /sys/fs/cgroup || skip 'there is no unified tree of control groups'
  mount -t tmpfs -o mode=755 tmpfs /run || skip 'there can be no /run of its own'
  # Some look up where the person is at home.
  { cat /etc/passwd; echo "person:x:$person:$person::$home:/bin/sh"; } > /run/passwd && mount --bind /run/passwd /etc/passwd
  # The journal tells whose unit wrote something by names like these.
  below=user.slice/user-$person.slice/user@$person.service
  mkdir -p /run/systemd/system "/sys/fs/cgroup/$group/$below" || skip 'control groups cannot be made'
  echo "$group" > "$home/group"
  mkdir -m 700 "$home/run"
  chown -R $person:$person "$home" "/sys/fs/cgroup/$group/$below"
  echo $$ > "/sys/fs/cgroup/$group/cgroup.procs" || skip 'control groups cannot be entered'
  keep_journal
  echo $$ > "/sys/fs/cgroup/$group/$below/cgroup.procs"
  exec unshare --cgroup --mount bash "$0" --delegated "$@"
}

# In a tree of control groups that begins with its own: as on a machine that leaves this one to the person.
delegated() {
  home=$1
  umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || skip 'control groups cannot be delegated'
  exec setpriv --reuid $person --regid $person --clear-groups --reset-env \
    env HOME="$home" XDG_RUNTIME_DIR="$home/run" DBUS_SESSION_BUS_ADDRESS="unix:path=$home/run/bus" PATH=/usr/local/bin:/usr/bin:/bin \
    ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} bash "$0" --session "$@"
}

# As the person.
session() {
  home=$1
  shift
  cd "$home" || exit 1
  # It does not say that it is ready to those who did not ask; its socket does.
  /lib/systemd/systemd --user --unit=basic.target > "$home/manager.log" 2>&1 &
  manager=$!
  for _ in $(seq 300); do
    state=$(systemctl --user is-system-running 2> /dev/null)
    case $state in running|degraded) break;; esac
    kill -0 $manager 2> /dev/null || skip "no manager starts here: $(tail -n 1 "$home/manager.log")"
    sleep 0.1    # another process's doing
  done
  case $state in running|degraded) ;; *) skip "the manager is '$state'";; esac
  "$@"
  status=$?
  systemctl --user exit > /dev/null 2>&1
  wait $manager
  exit $status
}

case ${1:-} in
  --inside) shift; inside "$@";;
  --delegated) shift; delegated "$@";;
  --session) shift; session "$@";;
  /*) [ $# -ge 2 ] && enter "$@";;
esac
echo 'usage: with-manager.sh HOME COMMAND [ARGUMENT...]' >&2
exit 2
