/**
 * A whole virtual machine as a thing: cloned, exported to a file and imported from one; shut down from inside; and the
 * cancelling of what takes long.
 *
 * Invariant: what is made of a VM has an identity of its own: a new id, a new MAC address, and no port forwards.
 */
import * as v from 'valibot';
import { FilePath } from './file-path.ts';
import { Vm, VmName } from './names.ts';
import type { VmView } from './vm-view.ts';

/** The extension of an exported virtual machine's file. */
export const EXPORT_EXTENSION = '.lockstep';
const SHUTDOWN_SECONDS_MAX = 3600;

/** The schemas of the commands' arguments. */
export const shareCommands = {
  /** `linked`: the clone's disk holds only what differs; then both stand on the disk that was there. */
  'vm.clone': v.strictObject({ vm: Vm, name: VmName, linked: v.optional(v.boolean(), false) }),
  'vm.export': v.strictObject({ vm: Vm, file: FilePath, force: v.optional(v.boolean(), false) }),
  /** Under the name that it had, unless another one is said. */
  'vm.import': v.strictObject({
    file: FilePath,
    name: v.exactOptional(VmName),
    keepMac: v.optional(v.boolean(), false),
  }),
  /** Makes a disc of what a folder of this computer holds now, and puts it into the CD-ROM drive. */
  'media.folder': v.strictObject({ vm: Vm, folder: FilePath }),
  /** What it was making is removed again. */
  'task.cancel': v.strictObject({
    id: v.pipe(v.number('a task is named by its number'), v.integer('a task is named by its number'), v.minValue(1)),
  }),
  /**
   * Asks the guest to end, and waits until it has. The sample Linux is told so at its root shell on the serial port,
   * all others by Ctrl+Alt+Del: there is no ACPI power button. `otherwise`: what to do when it has not in time.
   */
  'power.shutdown': v.strictObject({
    vm: Vm,
    timeoutSeconds: v.optional(
      v.pipe(
        v.number('takes a number of seconds'),
        v.minValue(1, 'is at least 1 second'),
        v.maxValue(SHUTDOWN_SECONDS_MAX, `is at most ${SHUTDOWN_SECONDS_MAX} seconds`),
      ),
      60,
    ),
    otherwise: v.exactOptional(v.picklist(['off'], 'is off')),
  }),
} as const;

export interface ShareResults {
  'vm.clone': VmView;
  'vm.export': {
    readonly file: string;
    /** The size of the file, in bytes. */
    readonly bytes: number;
  };
  'vm.import': VmView;
  'media.folder': VmView;
  'task.cancel': null;
  'power.shutdown': VmView;
}
