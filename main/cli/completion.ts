/**
 * Completion of the command line in bash, zsh and fish.
 *
 * Invariant: the scripts are made of the table of commands; only the names of VMs are asked for, when one is needed.
 * All three do the same: find the command before the cursor, then offer what stands at this place of it.
 */
import type { Command } from './command.ts';
import { BASH, FISH, ZSH } from './completion-scripts.ts';

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
  const table = tableOf(all);
  const { script, entry, second, between } = FORMS[shell];
  const values: { readonly [place: string]: string } = {
    CASES: table.entries.map(entry).join('\n'),
    VALUED: table.valued.join(between),
    FIRST: table.first.join(' '),
    SECOND: [...table.second].map(([word, rest]) => second(word, rest.join(' '))).join('\n'),
  };
  return script.replaceAll(/@([A-Z]+)@/g, (place, name: string) => values[name] ?? place);
}

interface Form {
  readonly script: string;
  /** A case for a command, and one for a first word. */
  readonly entry: (entry: Entry) => string;
  readonly second: (word: string, rest: string) => string;
  /** What stands between the patterns of one case. */
  readonly between: string;
}

const posixEntry = ({ words, takes, options }: Entry): string =>
  `    '${words}') takes='${takes}' options='${options}' ;;`;

const FORMS: { readonly [S in Shell]: Form } = {
  bash: {
    script: BASH,
    entry: posixEntry,
    second: (word, rest) => `      ${word}) COMPREPLY=($(compgen -W '${rest}' -- "$cur")) ;;`,
    between: ' | ',
  },
  zsh: {
    script: ZSH,
    entry: posixEntry,
    second: (word, rest) => `      ${word}) compadd -- ${rest} ;;`,
    between: ' | ',
  },
  fish: {
    script: FISH,
    entry: ({ words, takes, options }) => `        case '${words}'\n            printf '%s\\n' '${takes}' '${options}'`,
    second: (word, rest) => `            case ${word}\n                printf '%s\\n' ${rest}`,
    between: ' ',
  },
};
