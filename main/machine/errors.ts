/**
 * What can go wrong in a machine without a programmer having erred.
 *
 * Invariant: every error names the thing it is about and says what can be done; a `MachineError` out of `execute`
 * leaves the machine dead, on primary and backup at the same epoch, because the guest itself brought it about. An
 * assertion that fails in there leaves it dead as well, and comes out as it is: that is a programmer's error.
 */
export { assert } from '../ft/assert.ts';

/** The emulated machine cannot be built, was driven wrongly, or was brought down by its guest. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

/** Bytes that are not a snapshot, are damaged, or belong to a machine of another configuration. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}
