/**
 * What the host does when a row could not be written and nobody was there to hear of it.
 *
 * Invariant: a full disk ends no host: its VMs do not die of a lost row.
 */
import { isDatabaseFull } from '../store/full.ts';

/** To be called once, in the process that owns the database. `otherwise` gets every other error. */
export function surviveFullDatabase(otherwise: (error: Error) => void): void {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    if (!isDatabaseFull(error)) otherwise(error);
  });
}
