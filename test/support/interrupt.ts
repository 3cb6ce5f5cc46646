/**
 * Ctrl+C at a guest's shell, until its prompt is there.
 *
 * busybox's shell goes on with a loop in which the signal came between two commands: one time in twenty, on a machine
 * that nobody protects as well. A user presses the key again, and so does this.
 */
interface Shell {
  write(text: string): void;
  /** Everything that it has printed. */
  readonly output: () => string;
}

const PRESSES_MAX = 30;
const PATIENCE_MS = 2000;

/** @throws {Error} when the shell cannot be interrupted. */
export async function interrupt(shell: Shell): Promise<void> {
  const from = shell.output().length;
  for (let press = 0; press < PRESSES_MAX; press += 1) {
    shell.write('\x03');
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      if (/\^C[\s\S]*:~# $/.test(shell.output().slice(from))) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`the shell was not interrupted; its last words: ${shell.output().slice(-500)}`);
}
