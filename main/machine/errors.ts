/**
 * What can go wrong in a machine without a programmer having erred.
 *
 * Invariant: every error names the thing it is about and says what can be done; a `MachineError` out of `execute`
 * leaves the machine dead, on primary and backup at the same epoch, because the guest itself brought it about.
 */

/** The emulated machine cannot be built, was driven wrongly, or was brought down by its guest. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

/** Bytes that are not a snapshot, are damaged, or belong to a machine of another configuration. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** Programmer errors stop the program: they are never a state to go on from. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
