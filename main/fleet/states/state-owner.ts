/**
 * A VM as the desks of its saved states know it: what a state is made of, and what is asked of the VM that it is of.
 *
 * Invariant: only what those desks ask stands here, so that they need not know the VM itself, which stands on them.
 */
import type { FtStatus, PowerState } from '../../../preload/contract/contract.ts';
import type { GuardedCommand } from '../../../preload/contract/rules.ts';
import type { SavedState, VmRecord } from '../../store/vms.ts';
import type { VmDisk } from '../disks/vm-disk.ts';
import type { SaveDesk } from './save-desk.ts';

export interface StateOwner {
  readonly id: string;
  readonly name: string;
  /** As the database has it. */
  readonly record: VmRecord;
  readonly power: PowerState;
  readonly disk: VmDisk;
  readonly saving: SaveDesk;
  /** What the machine that runs, or was suspended, is made of. */
  readonly madeOf: SavedState['hardware'];
  /** `picture` gives its screen as a whole picture; null where it is off. */
  readonly ends: { readonly screen: { picture(): Promise<Uint8Array | null> } };
  ftStatus(): FtStatus;
  /** @throws {CommandError} `refused`, with the reason, when the command makes no sense now. */
  require(command: GuardedCommand): void;
  /** Resolves when no replica is left. */
  powerOff(): Promise<void>;
  /** Its row has been changed. */
  reread(): void;
}
