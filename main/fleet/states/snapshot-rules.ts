/** What stands in the way of a snapshot, or of what would mix up the layers of a disk that has some. */
import { CommandError } from '../../../preload/contract/contract.ts';
import { topOf } from '../../datastore/disk/top.ts';
import { settingsOf } from '../spec.ts';
import type { StateOwner } from './state-owner.ts';

/**
 * A secondary that reads by itself opens a raw image that the primary writes to, and not what a snapshot puts on it.
 * @throws {CommandError} `refused` where that is so.
 */
export function requireReadsByLog(vm: StateOwner): void {
  const { diskMode, diskReads } = vm.disk.settings(settingsOf(vm.record));
  const raw = diskMode === 'shared' && diskReads === 'backup' && vm.disk.current !== undefined;
  if (!raw || vm.ftStatus().secondary === null) return;
  throw new CommandError(
    'refused',
    `The secondary of "${vm.name}" reads the disk by itself, and would not find what a snapshot moves: ` +
      `set diskReads=log, then "lockstep ft test-restart-secondary ${vm.name}"; after the first snapshot it is so.`,
  );
}

/**
 * @throws {CommandError} `refused` where its disk has a top: then another file has no place below it, and nobody but
 * its own snapshots can stand on it.
 */
export function requireOneFile(vm: StateOwner, snapshots: number, what: string): void {
  const names = vm.disk.names(vm.disk.slot);
  if (snapshots === 0 && (!names || topOf(names) === names.own)) return;
  const why = snapshots > 0 ? 'has snapshots' : 'had snapshots, and is written in a layer on its disk since';
  throw new CommandError('refused', `"${vm.name}" ${why}: ${what}`);
}

/** Neither on its way to on nor to off. */
export function runs({ power }: StateOwner): boolean {
  return power === 'on' || power === 'paused';
}
