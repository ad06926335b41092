# install-needs.sh: what building and testing need, and how to get it on Debian
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced by quickstart.sh and tests/run.sh: `install_needs build` or `install_needs build test`. Nothing is asked of the
# network when everything is there already, so a second run works offline.

# One need a line: group, Debian package, how to tell that it is there. "wish" is a need that one can build without.
needs_table () {
  cat <<'NEEDS'
build gcc command cc
build libc6-dev file /usr/include/stdio.h
build meson command meson
build ninja-build command ninja
build pkgconf command pkg-config
build gettext command msgfmt
build libglib2.0-dev pkgconf gio-unix-2.0 >= 2.74
build libsoup-3.0-dev pkgconf libsoup-3.0 >= 3.2
build libjson-glib-dev pkgconf json-glib-1.0 >= 1.6
build libsqlite3-dev pkgconf sqlite3 >= 3.40
wish libsystemd-dev pkgconf libsystemd
wish libsecret-1-dev pkgconf libsecret-1 >= 0.20
test python3 command python3
test dbus-daemon command dbus-daemon
test systemd file /lib/systemd/systemd
test dbus-user-session file /usr/lib/systemd/user/dbus.socket
test groff-base command groff
test mandoc command mandoc
test spin command spin
test abigail-tools command abidiff
test desktop-file-utils command desktop-file-validate
test appstream command appstreamcli
package git command git
package dpkg-dev command dpkg-buildpackage
package debhelper command dh
package debootstrap command debootstrap
package lintian command lintian
package libsystemd-dev pkgconf libsystemd
test gobject-introspection command g-ir-scanner
test libgirepository1.0-dev pkgconf gobject-introspection-1.0
test python3-gi file /usr/lib/python3/dist-packages/gi/__init__.py
test gjs command gjs
test valac command vapigen
test gi-docgen command gi-docgen
test chromium command chromium
test chromium-driver command chromedriver
interop nodejs command node
interop npm command npm
NEEDS
}

have_need () {
  kind=$1
  shift
  case $kind in
    command) command -v "$1" >/dev/null 2>&1 ;;
    file) [ -e "$1" ] ;;
    pkgconf) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$*" ;;
  esac
}

# missing_needs GROUP...: the packages of these groups that are not there, on one line
missing_needs () {
  needs_table | while read -r group package kind what; do
    for wanted in "$@"; do
      # $what is split on purpose: `>=` and the version are words of their own.
      # shellcheck disable=SC2086
      if [ "$group" = "$wanted" ] && ! have_need "$kind" $what; then
        printf '%s ' "$package"
      fi
    done
  done
}

apt_install () {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive apt-get "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"
  fi
}

# install_needs GROUP...: 0 when everything is there afterwards; otherwise says why not and returns 1
install_needs () {
  missing=$(missing_needs "$@" wish)
  [ -n "$missing" ] || return 0
  required=$(missing_needs "$@")

  if ! command -v apt-get >/dev/null 2>&1; then
    [ -n "$required" ] || return 0
    echo "This is not a Debian-like system (no apt-get). Install what these Debian packages hold, then run this again:" >&2
    echo "  $required" >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
    [ -n "$required" ] || return 0
    echo "Some packages are missing, and installing them takes root or sudo. As root, run this, then run the script again:" >&2
    echo "  apt-get install --no-install-recommends $required" >&2
    return 1
  fi

  echo "Installing: $missing"
  apt_log=$(mktemp) || return 1
  # shellcheck disable=SC2086
  if ! apt_install install -y --no-install-recommends $missing >"$apt_log" 2>&1; then
    # No package lists yet, or old ones: fetch them once, try once more.
    if ! { apt_install update && apt_install install -y --no-install-recommends $missing; } >>"$apt_log" 2>&1; then
      tail -n 15 "$apt_log" >&2
      rm -f "$apt_log"
      [ -n "$(missing_needs "$@")" ] || return 0
      echo "Could not install: $missing" >&2
      echo "Is there a network, and does the package system work (see above)?" >&2
      return 1
    fi
  fi
  rm -f "$apt_log"

  missing=$(missing_needs "$@")
  [ -z "$missing" ] && return 0
  echo "Installed, but too old or not found: $missing(Debian 12 or newer is needed)" >&2
  return 1
}

# must_change_user: root is for installing. In a clone that belongs to the user who called sudo, the rest is that user's own: the broker
# loads no module that somebody else than root or its own user could change.
must_change_user () {
  [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && [ "$(stat -c %U "$top")" = "$SUDO_USER" ]
}

# go_on_as_user SCRIPT ARGUMENT...: does not return
go_on_as_user () {
  echo "Going on as $SUDO_USER"
  exec sudo -H -u "$SUDO_USER" sh "$@"
}
