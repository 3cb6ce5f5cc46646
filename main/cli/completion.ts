/**
 * Completion of the command line in bash, zsh and fish.
 *
 * Invariant: the scripts are made of the table of commands; only the names of VMs are asked for, when one is needed.
 * All three do the same: find the command before the cursor, then offer what stands at this place of it.
 */
import type { Command } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Words that stand for themselves, such as `linux|test`. */
const WORDS = /^[a-z0-9][a-zA-Z0-9-]*(\|[a-z0-9][a-zA-Z0-9-]*)*$/;
const FILES = /^(FILE|IMAGE|DIR)/;

/**
 * What is offered for an argument of this name: `vm`, `file`, `none`, or the words themselves. Repeated ones end in
 * `*`.
 */
function kindOf(name: string): string {
  const bare = name.replace(/\?$/, '').replace(/ ?…\??$/, '');
  const kind = bare === 'NAME' ? 'vm' : FILES.test(bare) ? 'file' : WORDS.test(bare) ? bare : 'none';
  return name.includes('…') ? `${kind}*` : kind;
}

interface Entry {
  readonly words: string;
  /** Kinds, with spaces between them. */
  readonly takes: string;
  /** `--switch`, or `--option=kind`. */
  readonly options: string;
}

interface Table {
  readonly entries: readonly Entry[];
  /** First words, and what may follow each. */
  readonly first: readonly string[];
  readonly second: ReadonlyMap<string, readonly string[]>;
  /** Every option that has a value. */
  readonly valued: readonly string[];
}

function tableOf(all: readonly Command[]): Table {
  const entries = all.map(({ words, takes, options = {} }) => ({
    words,
    takes: takes.map(kindOf).join(' '),
    options: Object.entries(options)
      .map(([name, value]) => (value === true ? `--${name}` : `--${name}=${kindOf(value)}`))
      .join(' '),
  }));
  const second = Map.groupBy(
    all.filter(({ words }) => words.includes(' ')),
    ({ words }) => words.split(' ')[0] ?? '',
  );
  const valued = all.flatMap(({ options = {} }) => Object.keys(options).filter((name) => options[name] !== true));
  return {
    entries,
    first: [...new Set(all.map(({ words }) => words.split(' ')[0] ?? ''))],
    second: new Map([...second].map(([word, list]) => [word, list.map(({ words }) => words.split(' ')[1] ?? '')])),
    valued: [...new Set(['data', ...valued])].map((name) => `--${name}`),
  };
}

export function completionScript(shell: Shell, all: readonly Command[]): string {
  return { bash, zsh, fish }[shell](tableOf(all));
}

const GENERAL = '--json --data --help';
const cases = (table: Table, line: (entry: Entry) => string): string => table.entries.map(line).join('\n');
const seconds = (table: Table, line: (word: string, rest: string) => string): string =>
  [...table.second].map(([word, rest]) => line(word, rest.join(' '))).join('\n');

/** The case of a POSIX-like shell that sets `takes` and `options`. */
function specification(table: Table): string {
  const line = ({ words, takes, options }: Entry): string => `    '${words}') takes='${takes}' options='${options}' ;;`;
  return `_lockstep_command() {
  case "$1" in
${cases(table, line)}
    *) return 1 ;;
  esac
}`;
}

function bash(table: Table): string {
  return `# Completion of lockstep in bash, made by "lockstep completion bash". In ~/.bashrc:
#   source <(lockstep completion bash)
${specification(table)}

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
      ${table.valued.join(' | ')}) skip="$word" ;;
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
    COMPREPLY=($(for option in ${GENERAL} $options; do compgen -W "\${option%%=*}" -- "$cur"; done))
  elif ((count > 0)); then
    kinds=($takes)
    index=$((\${#plain[@]} - count))
    if ((index < \${#kinds[@]})); then
      _lockstep_offer "\${kinds[index]%\\*}"
    elif [[ "\${takes: -1}" == '*' ]]; then
      _lockstep_offer "\${kinds[-1]%\\*}"
    fi
  elif ((\${#plain[@]} == 0)); then
    COMPREPLY=($(compgen -W '${table.first.join(' ')}' -- "$cur"))
  elif ((\${#plain[@]} == 1)); then
    case "\${plain[0]}" in
${seconds(table, (word, rest) => `      ${word}) COMPREPLY=($(compgen -W '${rest}' -- "$cur")) ;;`)}
    esac
  fi
}

complete -F _lockstep lockstep
`;
}

function zsh(table: Table): string {
  return `#compdef lockstep
# Completion of lockstep in zsh, made by "lockstep completion zsh". In ~/.zshrc, after compinit:
#   source <(lockstep completion zsh)
${specification(table)}

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
      ${table.valued.join(' | ')}) skip="$word" ;;
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
    compadd -- ${GENERAL} \${\${=options}%%=*}
  elif ((count > 0)); then
    kinds=(\${=takes})
    index=$((\${#plain} - count + 1))
    if ((index <= \${#kinds})); then
      _lockstep_offer "\${kinds[index]%\\*}"
    elif [[ "$takes" == *'*' ]]; then
      _lockstep_offer "\${kinds[-1]%\\*}"
    fi
  elif ((\${#plain} == 0)); then
    compadd -- ${table.first.join(' ')}
  elif ((\${#plain} == 1)); then
    case "\${plain[1]}" in
${seconds(table, (word, rest) => `      ${word}) compadd -- ${rest} ;;`)}
    esac
  fi
}

if [[ "\${funcstack[1]-}" == _lockstep ]]; then
  _lockstep "$@"
else
  compdef _lockstep lockstep
fi
`;
}

function fish(table: Table): string {
  const line = ({ words, takes, options }: Entry): string =>
    `        case '${words}'\n            printf '%s\\n' '${takes}' '${options}'`;
  return `# Completion of lockstep in fish, made by "lockstep completion fish". Once:
#   lockstep completion fish > ~/.config/fish/completions/lockstep.fish
function __lockstep_command
    switch "$argv[1]"
${cases(table, line)}
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
            case ${table.valued.join(' ')}
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
        string replace -r '=.*' '' -- ${GENERAL} $options
    else if test (count $found) -gt 0
        set -l index (math (count $plain) - $length + 1)
        if test $index -le (count $takes)
            __lockstep_offer (string replace -r '\\*$' '' -- $takes[$index])
        else if string match -q -- '*\\*' "$takes[-1]"
            __lockstep_offer (string replace -r '\\*$' '' -- $takes[-1])
        end
    else if test (count $plain) -eq 0
        printf '%s\\n' ${table.first.join(' ')}
    else if test (count $plain) -eq 1
        switch $plain[1]
${seconds(table, (word, rest) => `            case ${word}\n                printf '%s\\n' ${rest}`)}
        end
    end
end

complete -c lockstep -f -a '(__lockstep_complete)'
`;
}
