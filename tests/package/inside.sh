#!/bin/sh
# inside.sh: in the minimal system: installs the packages, tries them as a person without rights, purges them
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Started by run.sh; /packages has the packages.
set -eu

name=io.github.runtimebroker.Broker1
path=/io/github/runtimebroker/Broker1
ours='runtime-broker librb-api-1-0 librb-api-1-dev librb-client-1-0 librb-client-1-dev gir1.2-rb-1'

say () {
  echo "-- $*"
}

fail () {
  echo "FAILED: $*" >&2
  exit 1
}

apt () {
  apt-get -qq -y -o Dpkg::Use-Pty=0 "$@" >/tmp/apt.log 2>&1 || { tail -n 30 /tmp/apt.log >&2; fail "apt-get $*"; }
}

# All that a package could leave behind; not what apt and dpkg keep about packages.
list_files () {
  find / -xdev \( -path /proc -o -path /packages -o -path /tmp -o -path /home -o -path /run/person -o -path /var/lib/apt \
    -o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /etc/ld.so.cache \) -prune -o -print | sort
}

as_person () {
  runuser -u person -- env -i PATH=/usr/bin:/bin HOME=/home/person XDG_RUNTIME_DIR=/run/person LC_ALL=C.UTF-8 "$@"
}

apt update
useradd --create-home person
install -d -m 700 -o person -g person /run/person

say "installs with what it depends on"
# shellcheck disable=SC2046
apt install --no-install-recommends dbus-daemon dbus-session-bus-common libglib2.0-bin gcc libc6-dev pkgconf \
  $(find /packages -name '*.deb' ! -name '*-dbgsym_*')
# shellcheck disable=SC2086
apt purge $ours
list_files >/tmp/before
# shellcheck disable=SC2046
apt install --no-install-recommends $(find /packages -name '*.deb' ! -name '*-dbgsym_*')
# shellcheck disable=SC2086
dpkg-query -W -f '${Package} ${Version} ${Installed-Size} KiB, depends: ${Depends}\n' $ours

say "files"
for page in man1/brokerctl.1 man5/broker.conf.5 man8/runtime-brokerd.8; do
  [ -f "/usr/share/man/$page.gz" ] || fail "no man page $page"
done
[ -f /usr/share/applications/$name.desktop ] || fail "no desktop file"
[ -f /usr/share/dbus-1/services/$name.service ] || fail "no service file"
for completion in bash-completion/completions/brokerctl zsh/vendor-completions/_brokerctl; do
  [ -f "/usr/share/$completion" ] || fail "no $completion"
done
[ ! -e /usr/share/zsh/site-functions ] || fail "completion where Debian's zsh does not look"
for unit in runtime-broker.service runtime-broker.socket app-runtimebroker.slice; do
  [ -f "/usr/lib/systemd/user/$unit" ] || fail "no $unit"
done
# Nobody gets a broker with each login who did not ask for it.
[ ! -e /etc/systemd/user/default.target.wants/runtime-broker.service ] || fail "enabled for everybody"

say "brokerctl --version"
as_person brokerctl --version

say "German and French help"
as_person LANGUAGE=de brokerctl help | grep -q 'Optionen' || fail "no German help"
as_person LANGUAGE=fr brokerctl help | grep -q 'Options' || fail "no French help"
as_person LANGUAGE=de brokerctl help | sed -n '1,8p'

for test in demo activation module adapter; do
  say "debian/tests/$test"
  as_person sh /packages/tests/$test
done

say "removes and purges"
# shellcheck disable=SC2086
apt remove $ours
[ -z "$(find /usr -name '*runtime-broker*' -o -name '*brokerctl*' -o -name '*rb-api*' -o -name '*rb-client*')" ] ||
  fail "left: $(find /usr -name '*runtime-broker*')"
# Not apt, which knows no package that left nothing to purge.
# shellcheck disable=SC2086
dpkg --purge $ours >/tmp/purge.log 2>&1 || { cat /tmp/purge.log >&2; fail "dpkg --purge"; }
list_files >/tmp/after
diff /tmp/before /tmp/after || fail "something is left, or gone"
# shellcheck disable=SC2086
! dpkg-query -W -f '${Package} ${Status}\n' $ours 2>/dev/null | grep -v not-installed || fail "dpkg still knows it"
say "nothing is left"
