/**
 * Suspends a VM to disk: its guest stands still, its state is saved, and it is powered off.
 *
 * Invariant: until the state is on the disk and the database says so, the guest can go on, and does where anything
 * fails; from then on it is suspended, whatever becomes of its processes. In between nobody lets it go on.
 */
import { CommandError, type PowerState, type VmView } from '../../../preload/contract/contract.ts';
import type { SavedState } from '../../store/vms.ts';
import type { Pair } from '../pair/pair.ts';
import type { StateOwner } from './state-owner.ts';

/** What is asked of the VM beside what all saved states ask. */
interface SuspendedVm extends StateOwner {
  pause(paused: boolean): Promise<void>;
  /** Writes down what has happened to it. */
  tell(kind: 'power.suspended', message: string, data: { [key: string]: unknown }): void;
}

export interface Suspending {
  readonly vm: SuspendedVm;
  /** Null where it is being powered off otherwise. */
  readonly pair: () => Pair | null;
  readonly become: (power: PowerState) => void;
  /** In one step it is off in the database, and suspended in this state. */
  readonly keep: (state: SavedState) => void;
  /** Resolves when no replica is left. */
  readonly off: () => Promise<void>;
}

/** @throws {CommandError} `failed`; it runs on then, unless it was lost. */
export async function suspend(
  { vm, pair, become, keep, off }: Suspending,
  file: string,
  progress: (fraction: number) => void,
): Promise<void> {
  vm.require('power.suspend');
  const running = vm.power === 'on';
  if (running) await vm.pause(true);
  const saving = pair();
  become('shuttingDown');
  try {
    const { disk: _disk, stunMs: _stunMs, ...saved } = await vm.saving.save({ file }, progress);
    if (pair() !== saving) throw new CommandError('failed', `"${vm.name}" was lost while it was suspended.`);
    keep({ file, takenAt: Date.now(), hardware: vm.madeOf, ...saved });
    const words = `Suspended at epoch ${saved.epoch} (${(saved.bytes / 2 ** 20).toFixed(1)} MiB).`;
    vm.tell('power.suspended', words, { ...saved, file });
  } catch (error) {
    if (saving !== null && pair() === saving) {
      become('paused');
      if (running) await vm.pause(false);
    }
    throw error;
  }
  saving?.stop();
  await off();
}

/** What is shown of it. */
export function suspendedView(state: SavedState | null): Pick<VmView, 'suspended'> {
  if (!state) return {};
  const { takenAt: at, epoch, bytes, hash } = state;
  return { suspended: { at, epoch, bytes, hash } };
}
