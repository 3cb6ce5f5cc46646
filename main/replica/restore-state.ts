/**
 * Brings a machine to a saved state, before it executes anything.
 *
 * Invariant: a machine that was built of other parts refuses the state, and one that was restored has the very hash
 * that the saved one had.
 */
import { createHash } from 'node:crypto';
import { readState } from '../datastore/state-file.ts';
import type { Machine } from '../machine/machine.ts';
import type { FromReplica, ReplicaSpec } from './messages.ts';

const PROGRESS_STEP = 0.05;

/** Says of which parts a machine is built, as far as they are numbers and words. SHA-256, hexadecimal. */
export function fingerprintOf(spec: ReplicaSpec): string {
  const { memoryMB, vgaMemoryMB, seed, startTimeMs, nic, cmdline, floppyBytes, disk, files, bootOrder } = spec;
  const built = [memoryMB, vgaMemoryMB, seed, startTimeMs, nic && [nic.type, nic.mac, nic.mtu], cmdline];
  const drives = [disk?.bytes ?? null, floppyBytes ?? null, files.bzimage !== undefined, files.initrd !== undefined];
  return createHash('sha256')
    .update(
      JSON.stringify([
        built,
        drives,
        ...(bootOrder || files.multiboot ? [bootOrder, files.multiboot !== undefined] : []),
      ]),
    )
    .digest('hex');
}

/** @throws {Error} naming the file and what is wrong with it. The machine is of no use then. */
export async function restoreState(
  machine: Machine,
  spec: ReplicaSpec,
  file: string,
  send: (message: FromReplica) => void,
): Promise<void> {
  let told = 0;
  const state = await readState(file, (fraction) => {
    if (fraction - told < PROGRESS_STEP) return;
    told = fraction;
    send({ type: 'restoring', fraction });
  });
  const refuse = (why: string): Error => new Error(`The saved state "${file}" cannot be used: ${why}.`);
  if (state.header.fingerprint !== fingerprintOf(spec)) {
    throw refuse('it is of a virtual machine with other hardware (memory, disk size, network card or boot parameters)');
  }
  try {
    machine.restore(state);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const hash = machine.hash('full');
  if (hash !== state.header.hash) throw refuse('the restored machine is not the one that was saved (its hash differs)');
  send({ type: 'restored', epoch: machine.epoch, hash });
}
