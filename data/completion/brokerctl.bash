# bash completion for brokerctl: it knows itself what may stand where
#
# SPDX-License-Identifier: LGPL-2.1-or-later

_brokerctl ()
{
  local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} current word meaning cut
  local -a words

  COMPREPLY=()
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current=${words[-1]}
  # What bash takes for the word begins behind the last of these.
  cut=${current%"${current##*[=:]}"}

  while IFS=$'\t' read -r word meaning; do
    if [[ $word == :files ]]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "${current#"$cut"}")
      return
    fi
    [[ $current == --*=* ]] && word=${current%%=*}=$word
    [[ $word == "$current"* ]] || continue
    [[ $word == --*= ]] && compopt -o nospace
    # Names come from others: they are quoted, never run.
    printf -v word '%q' "${word#"$cut"}"
    COMPREPLY+=("$word")
  done < <("$1" complete -- "${words[@]:1}" 2> /dev/null)
}

complete -F _brokerctl brokerctl
