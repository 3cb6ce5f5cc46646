/**
 * Commands that take long, sent from a dialog: what is refused is told there, and what takes its time goes on without
 * it, as a task.
 *
 * Invariant: an error is told exactly once: by rejecting, or after that by `late`.
 */

/** Refusals come at once; this is longer than any takes. */
const PATIENCE_MS = 1500;

/** Resolves when the command was carried out, or is on its way. */
export function soon(command: Promise<unknown>, late: (error: unknown) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = true;
    const timer = setTimeout(() => {
      open = false;
      resolve();
    }, PATIENCE_MS);
    command.then(
      () => {
        clearTimeout(timer);
        resolve();
      },
      (error: unknown) => {
        clearTimeout(timer);
        if (open) reject(error instanceof Error ? error : new Error(String(error)));
        else late(error);
      },
    );
  });
}
