/**
 * Child processes of a test: real ones, from a source file, that end with the test.
 *
 * Invariant: only processes that were started here are ended, by their own handle.
 */
import { fork, type ChildProcess, type ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import './eventually.ts';

/** Starts a child that runs `file` (beside the test: pass `import.meta.url`). It ends with the test at the latest. */
export function startChild(
  file: string,
  besideUrl: string,
  args: readonly string[] = [],
  options: ForkOptions = {},
): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, besideUrl)), [...args], options);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
}

/** The next message of the child. */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}
