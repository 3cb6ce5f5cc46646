// `npm run manual`: the manual page and the shells' completions, as packages install them, from the table of commands.
// Invariant: what is written is what the command line itself prints; a test compares them.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const cli = path.join(here, '..', '..', 'main', 'cli.ts');
const FILES: readonly (readonly [file: string, ...words: string[]])[] = [
  ['lockstep.1', 'man'],
  ['completion/lockstep.bash', 'completion', 'bash'],
  ['completion/_lockstep', 'completion', 'zsh'],
  ['completion/lockstep.fish', 'completion', 'fish'],
];

mkdirSync(path.join(here, 'completion'), { recursive: true });
for (const [file, ...words] of FILES) {
  writeFileSync(path.join(here, file), execFileSync(process.execPath, [cli, ...words]));
}
