// Child processes of the guest build. Invariant: no shell is involved, and a failure says which command failed and
// repeats the end of what it printed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of standard output instead of collecting it. */
  readonly onData?: (piece: Buffer) => void;
}

export interface RunResult {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Run to the end and report, whatever the exit status. Throws only if the command cannot be started. */
export async function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pieces: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', options.onData ?? ((piece: Buffer) => void pieces.push(piece)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-8000)));
  child.stdin.on('error', () => {}); // a command that ends early reports it by its status
  child.stdin.end(options.input ?? '');
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (signal) stderr += `\nended by ${signal}`;
  return { status: status ?? 128, stdout: Buffer.concat(pieces), stderr };
}

/** Run to the end and return standard output. Throws an error that names the command unless it succeeds. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const result = await tryRun(command, args, options);
  if (result.status !== 0) {
    const said = result.stderr.trim().split('\n').slice(-8).join('\n');
    const shown = [path.basename(command), ...args].join(' ').slice(0, 300);
    throw new Error(`${shown} ended with status ${result.status}${said ? `:\n${said}` : ''}`);
  }
  return result.stdout;
}

/** The absolute path of an executable on PATH (and in the sbin folders, which users often lack), or undefined. */
export function which(name: string, searchPath: string = process.env['PATH'] ?? ''): string | undefined {
  for (const folder of [...searchPath.split(path.delimiter).filter(Boolean), '/usr/sbin', '/sbin']) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}
