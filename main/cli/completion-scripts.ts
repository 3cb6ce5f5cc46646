/**
 * The shells' completion scripts, with places for what comes from the table of commands: `@CASES@` and the like.
 *
 * Invariant: all three do the same. They find the command before the cursor, then offer what stands at this place of
 * it; a name that is asked for and cannot be told is offered as nothing, without a word.
 */

export const BASH = `# Completion of lockstep in bash, made by "lockstep completion bash". In ~/.bashrc:
#   source <(lockstep completion bash)
_lockstep_command() {
  case "$1" in
@CASES@
    *) return 1 ;;
  esac
}

_lockstep_offer() {
  local IFS=$'\\n' word
  case "$1" in
    vm)
      while IFS= read -r word; do
        [[ "$word" == "\${cur//\\\\/}"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
      done < <("\${COMP_WORDS[0]}" completion names 2> /dev/null)
      ;;
    file)
      compopt -o filenames 2> /dev/null
      COMPREPLY=($(compgen -f -- "$cur"))
      ;;
    none | '') ;;
    *) COMPREPLY=($(compgen -W "\${1//|/$'\\n'}" -- "$cur")) ;;
  esac
}

_lockstep() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" word skip='' takes='' options='' option kind
  local -a plain=() kinds
  local -i at count=0 index
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at += 1)); do
    word="\${COMP_WORDS[at]}"
    if [[ -n "$skip" ]]; then
      skip=''
      continue
    fi
    case "$word" in
      @VALUED@) skip="$word" ;;
      -*) ;;
      *) plain+=("$word") ;;
    esac
  done
  if _lockstep_command "\${plain[0]-} \${plain[1]-}"; then
    count=2
  elif _lockstep_command "\${plain[0]-}"; then
    count=1
  fi
  if [[ -n "$skip" ]]; then
    kind=none
    [[ "$skip" == --data ]] && kind=file
    for option in $options; do [[ "$option" == "$skip="* ]] && kind="\${option#*=}"; done
    _lockstep_offer "$kind"
  elif [[ "$cur" == -* ]]; then
    COMPREPLY=($(for option in --json --data --help $options; do compgen -W "\${option%%=*}" -- "$cur"; done))
  elif ((count > 0)); then
    kinds=($takes)
    index=$((\${#plain[@]} - count))
    if ((index < \${#kinds[@]})); then
      _lockstep_offer "\${kinds[index]%\\*}"
    elif [[ "\${takes: -1}" == '*' ]]; then
      _lockstep_offer "\${kinds[-1]%\\*}"
    fi
  elif ((\${#plain[@]} == 0)); then
    COMPREPLY=($(compgen -W '@FIRST@' -- "$cur"))
  elif ((\${#plain[@]} == 1)); then
    case "\${plain[0]}" in
@SECOND@
    esac
  fi
}

complete -F _lockstep lockstep
`;

export const ZSH = `#compdef lockstep
# Completion of lockstep in zsh, made by "lockstep completion zsh". In ~/.zshrc, after compinit:
#   source <(lockstep completion zsh)
_lockstep_command() {
  case "$1" in
@CASES@
    *) return 1 ;;
  esac
}

_lockstep_offer() {
  case "$1" in
    vm) compadd -- \${(f)"$("\${words[1]}" completion names 2> /dev/null)"} ;;
    file) _files ;;
    none | '') ;;
    *) compadd -- \${(s:|:)1} ;;
  esac
}

_lockstep() {
  local word skip='' takes='' options='' option kind
  local -a plain kinds
  local -i at count=0 index
  for ((at = 2; at < CURRENT; at += 1)); do
    word="\${words[at]}"
    if [[ -n "$skip" ]]; then
      skip=''
      continue
    fi
    case "$word" in
      @VALUED@) skip="$word" ;;
      -*) ;;
      *) plain+=("\${(Q)word}") ;;
    esac
  done
  if _lockstep_command "\${plain[1]-} \${plain[2]-}"; then
    count=2
  elif _lockstep_command "\${plain[1]-}"; then
    count=1
  fi
  if [[ -n "$skip" ]]; then
    kind=none
    [[ "$skip" == --data ]] && kind=file
    for option in \${=options}; do [[ "$option" == "$skip="* ]] && kind="\${option#*=}"; done
    _lockstep_offer "$kind"
  elif [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- --json --data --help \${\${=options}%%=*}
  elif ((count > 0)); then
    kinds=(\${=takes})
    index=$((\${#plain} - count + 1))
    if ((index <= \${#kinds})); then
      _lockstep_offer "\${kinds[index]%\\*}"
    elif [[ "$takes" == *'*' ]]; then
      _lockstep_offer "\${kinds[-1]%\\*}"
    fi
  elif ((\${#plain} == 0)); then
    compadd -- @FIRST@
  elif ((\${#plain} == 1)); then
    case "\${plain[1]}" in
@SECOND@
    esac
  fi
}

if [[ "\${funcstack[1]-}" == _lockstep ]]; then
  _lockstep "$@"
else
  compdef _lockstep lockstep
fi
`;

export const FISH = `# Completion of lockstep in fish, made by "lockstep completion fish". Once:
#   lockstep completion fish > ~/.config/fish/completions/lockstep.fish
function __lockstep_command
    switch "$argv[1]"
@CASES@
    end
end

function __lockstep_offer
    switch "$argv[1]"
        case vm
            lockstep completion names 2>/dev/null
        case file
            __fish_complete_path (commandline -ct)
        case none ''
        case '*'
            string split '|' -- $argv[1]
    end
end

function __lockstep_complete
    set -l plain
    set -l skip ''
    set -l tokens (commandline -opc)
    set -e tokens[1]
    for word in $tokens
        if test -n "$skip"
            set skip ''
            continue
        end
        switch $word
            case @VALUED@
                set skip $word
            case '-*'
            case '*'
                set -a plain $word
        end
    end
    set -l length 2
    set -l found (__lockstep_command "$plain[1] $plain[2]")
    if test (count $found) -eq 0
        set length 1
        set found (__lockstep_command "$plain[1]")
    end
    set -l takes (string split -n ' ' -- $found[1])
    set -l options (string split -n ' ' -- $found[2])
    if test -n "$skip"
        set -l kind none
        test $skip = --data; and set kind file
        for option in $options
            string match -q -- "$skip=*" $option; and set kind (string replace -- "$skip=" '' $option)
        end
        __lockstep_offer $kind
    else if string match -q -- '-*' (commandline -ct)
        string replace -r '=.*' '' -- --json --data --help $options
    else if test (count $found) -gt 0
        set -l index (math (count $plain) - $length + 1)
        if test $index -le (count $takes)
            __lockstep_offer (string replace -r '\\*$' '' -- $takes[$index])
        else if string match -q -- '*\\*' "$takes[-1]"
            __lockstep_offer (string replace -r '\\*$' '' -- $takes[-1])
        end
    else if test (count $plain) -eq 0
        printf '%s\\n' @FIRST@
    else if test (count $plain) -eq 1
        switch $plain[1]
@SECOND@
        end
    end
end

complete -c lockstep -f -a '(__lockstep_complete)'
`;
