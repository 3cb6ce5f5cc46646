/**
 * The commands of a Markdown page: what stands in its fenced blocks marked `sh`.
 *
 * Invariant: a block is run (`sh`), or starts the host that everything else speaks with (`sh serve`). Blocks without
 * the mark are not commands for the reader's machine as it stands: installation, and abbreviations.
 */
export type How = 'run' | 'serve';

export interface Command {
  readonly how: How;
  /** Where it stands, from 1. */
  readonly line: number;
  readonly text: string;
}

const FENCE = /^```(\S*) ?(.*)$/;

/** Each line is a command of its own. @throws at a mark that nobody knows. */
export function commandsOf(markdown: string): Command[] {
  const commands: Command[] = [];
  let how: How | null = null;
  let inside = false;
  for (const [index, text] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(text);
    if (fence) {
      how = inside || fence[1] !== 'sh' ? null : named(fence[2] ?? '', index + 1);
      inside = !inside;
      continue;
    }
    if (how && text.trim() !== '' && !text.trim().startsWith('#')) commands.push({ how, line: index + 1, text });
  }
  return commands;
}

function named(mark: string, line: number): How {
  if (mark === '') return 'run';
  if (mark === 'serve') return mark;
  throw new Error(`line ${line}: a block of commands is marked "sh" or "sh serve", not "sh ${mark}"`);
}
