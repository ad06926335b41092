#!/bin/sh
# home.sh: builds and installs for one person alone, without root's folders, and uses that as the person does
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: home.sh TOP-OF-THE-SOURCE-TREE WORK-FOLDER
#
# As root, with a real systemd user manager where one can be started (tests/systemd/with-manager.sh), otherwise with a session bus alone.
set -eu

name=io.github.runtimebroker.Broker1
path=/io/github/runtimebroker/Broker1

fail () {
  echo "FAILED: $*" >&2
  exit 1
}

call () {
  gdbus call --session --dest $name --object-path $path --method "$name.$1"
}

# In the session, as the person; $1: whether there is a manager.
use () {
  PATH=$HOME/.local/bin:$PATH
  export PATH
  [ "$(command -v brokerctl)" = "$HOME/.local/bin/brokerctl" ] || fail "another brokerctl is found"
  brokerctl --version
  LANGUAGE=de LC_ALL=C.UTF-8 brokerctl help | grep -q 'Optionen' || fail "no German help"
  LANGUAGE=fr LC_ALL=C.UTF-8 brokerctl help | grep -q 'COMMANDE' || fail "no French help"

  # The bus finds it, by the manager or itself.
  [ "$1" = no ] || systemctl --user daemon-reload
  gdbus call --session --dest org.freedesktop.DBus --object-path / --method org.freedesktop.DBus.ReloadConfig >/dev/null
  call Access | grep -q "'socket'" || fail "not activated"
  # The bus answers before its modules run and others can find it.
  for _ in $(seq 100); do
    ! brokerctl status >/dev/null 2>&1 || break
    sleep 0.1
  done
  brokerctl status
  brokerctl modules | grep -q local || fail "no modules"
  brokerctl demo >/dev/null || fail "the demo"
  if [ "$1" = yes ]; then
    [ "$(systemctl --user is-active runtime-broker)" = active ] || fail "the manager did not start it"
    systemctl --user cat runtime-broker | grep -q "^ExecStart=$HOME/.local/bin/" || fail "another unit is found"
    systemctl --user stop runtime-broker
  fi
  # Pages and completions are where their readers look when ~/.local/bin is in PATH.
  ! command -v man >/dev/null || for page in '1 brokerctl' '5 broker.conf' '8 runtime-brokerd'; do
    # shellcheck disable=SC2086
    man -w $page | grep -q "^$HOME/.local/share/man/" || fail "man $page"
  done
  bash -c '. "$HOME/.local/share/bash-completion/completions/brokerctl" && complete -p brokerctl' || fail "no completion for bash"
  # shellcheck disable=SC2016
  ! command -v zsh >/dev/null ||
    [ "$(zsh -fc 'fpath+=~/.local/share/zsh/site-functions; autoload -Uz compinit; compinit -u -d ~/.zcompdump; print $_comps[brokerctl]')" = _brokerctl ] ||
    fail "no completion for zsh"
}

case $1 in
  --use-*) use "${1#--use-}"; exit 0 ;;
esac

top=$1
home=$2/home
self=$top/tests/package/home.sh
rm -rf "$home" "$2/home-build"
mkdir "$home"
chmod 755 "$home"
HOME=$home meson setup "$2/home-build" "$top" --prefix="$home/.local" --buildtype=release -Dtests=false >"$2/home.log" 2>&1 &&
  HOME=$home meson install -C "$2/home-build" >>"$2/home.log" 2>&1 || { tail -n 30 "$2/home.log" >&2; exit 1; }
cp "$self" "$home/home.sh"

status=0
bash "$top/tests/systemd/with-manager.sh" "$home" sh "$home/home.sh" --use-yes || status=$?
if [ $status = 77 ]; then
  echo "With a session bus alone."
  chown -R nobody:nogroup "$home"
  status=0
  setpriv --reuid nobody --regid nogroup --clear-groups --reset-env env HOME="$home" XDG_DATA_HOME="$home/.local/share" PATH=/usr/bin:/bin \
    dbus-run-session -- sh "$home/home.sh" --use-no || status=$?
fi
exit $status
