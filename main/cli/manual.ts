/**
 * The manual page, in roff's man macros (man(7)).
 *
 * Invariant: text is escaped: a line of it never becomes a request.
 */
import type { Command } from './command.ts';
import { EXAMPLES } from './examples.ts';
import { usageOf } from './parse.ts';

export function manual(version: string, all: readonly Command[]): string {
  return [
    `.TH LOCKSTEP 1 "" "Lockstep ${escape(version)}" "User Commands"`,
    '.ad l',
    '.SH NAME',
    'lockstep \\- fault\\-tolerant virtual machines',
    '.SH SYNOPSIS',
    '.B lockstep',
    '.I COMMAND',
    '[\\fIARGUMENT\\fR ...] [\\-\\-json] [\\-\\-data \\fIDIR\\fR]',
    '.SH DESCRIPTION',
    'Lockstep runs a virtual machine twice, as a primary and a secondary in virtual lockstep. When the process of one',
    'dies, the other goes on: consoles, serial ports and network connections stay.',
    'This program is its headless host (\\fBlockstep serve\\fR), and all that can be done in its window, for the',
    'command line.',
    '.SH COMMANDS',
    ...all.flatMap(entry),
    '.SH OPTIONS OF EVERY COMMAND',
    ...option('--json', 'Print JSON.'),
    ...option('--data DIR', 'Use this data folder.'),
    ...option('--help', 'Show help.'),
    '.SH ENVIRONMENT',
    ...option('LOCKSTEP_DATA', 'The data folder, where --data does not say another.'),
    ...option('LOCKSTEP_GUEST_MEMORY_MB', 'How much memory virtual machines may have together; 0: no limit.'),
    '.SH EXIT STATUS',
    '0 done; 1 failed, with a message on standard error that says what and what to do; 2 bad usage.',
    '',
  ].join('\n');
}

function entry(command: Command): string[] {
  const examples = EXAMPLES[command.words] ?? [];
  return [
    '.TP',
    `.B ${escape(usageOf(command))}`,
    `${escape(command.help)}.`,
    ...(examples.length === 0
      ? []
      : ['.RS', '.PP', '.nf', ...examples.map((one) => escape(`lockstep ${one}`)), '.fi', '.RE']),
  ];
}

function option(name: string, text: string): string[] {
  return ['.TP', `.B ${escape(name)}`, escape(text)];
}

/** Backslashes, hyphens that are to be typed, and lines that would begin with a control character; others by number. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(
      /[^\n\x20-\x7e]/gu,
      (letter) => `\\[u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replaceAll(/^([.'])/gm, '\\&$1');
}
