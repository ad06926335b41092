#!/bin/sh
# new-module.sh: a module of your own, outside of this tree, that builds and passes rb-module-check
#
# SPDX-License-Identifier: LGPL-2.1-or-later
set -u

usage () {
  cat <<'USAGE'
Usage: sh new-module.sh KIND NAME [DIR]

Makes the project of a module in DIR (default: ./KIND-NAME), with a meson.build, a working start and a test.

  KIND  connector, upstream, spawn-driver or emitter
  NAME  lower-case letters, digits and single dashes, beginning with a letter: the module, and its group in broker.conf
  DIR   must not exist yet

Exit codes: 0 done, 1 the directory exists or cannot be written, 2 wrong usage.
USAGE
}

case ${1:-} in --help | -h) usage; exit 0 ;; esac
[ $# -eq 2 ] || [ $# -eq 3 ] || { usage >&2; exit 2; }
kind=$1 name=$2 directory=${3:-$1-$2}
case $kind in
  connector) arguments="'--twin', '--set', 'directory={dir}/net', " ;;
  spawn-driver) arguments="'--spawn-kind', '$name', '--set', 'program={runtime}', " ;;
  upstream | emitter) arguments= ;;
  *) echo "new-module.sh: '$kind' is no kind of module" >&2; usage >&2; exit 2 ;;
esac
case $name in
  [!a-z]* | *[!a-z0-9-]* | *- | *--* | '') echo "new-module.sh: '$name' cannot be the name of a module" >&2; usage >&2; exit 2 ;;
esac

templates=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/module-template
[ ! -e "$directory" ] || { echo "new-module.sh: '$directory' exists already" >&2; exit 1; }
mkdir -p "$directory" || exit 1
lower=$(printf '%s' "$name" | tr - _)
upper=$(printf '%s' "$lower" | tr '[:lower:]' '[:upper:]')
camel=$(printf '%s' "$name" | awk -F- '{ for (i = 1; i <= NF; i++) printf "%s%s", toupper(substr($i, 1, 1)), substr($i, 2) }')

# fill TEMPLATE FILE
fill () {
  sed -e "s|@kind@|$kind|g" -e "s|@name@|$name|g" -e "s|@name_@|$lower|g" -e "s|@NAME@|$upper|g" -e "s|@Name@|$camel|g" \
    -e "s|@arguments@|$arguments|g" "$templates/$1" >"$directory/$2" || exit 1
}

fill "$kind.c.in" "$kind-$name.c"
fill meson.build.in meson.build
fill README.md.in README.md
echo "Made $directory. Next: cd $directory && meson setup build && meson test -C build"
