/**
 * What is to be put into a removable drive, looked at before anything changes.
 *
 * Invariant: what comes out of here a replica takes: sizes and lengths are those that the machine's drives know.
 */
import { CommandError, type MediaDrive } from '../../../preload/contract/contract.ts';
import { identifyDisc } from '../../datastore/disc.ts';
import { checkMedium, MediumError } from '../../datastore/media.ts';
import { readRegular } from '../../datastore/regular.ts';
import type { OutsideInput } from '../../replica/messages.ts';
import type { Vm } from '../vm.ts';

type MediumChange = Extract<OutsideInput, { device: 'medium' }>['change'];

/** As in the machine's own layout of a disc (machine/devices/medium.ts). */
const PATH_LENGTH_MAX = 4096;

const DRIVE_WORDS: { readonly [D in MediaDrive]: { readonly drive: string; readonly medium: string } } = {
  fda: { drive: 'floppy drive', medium: 'floppy' },
  cdrom: { drive: 'CD-ROM drive', medium: 'disc' },
};

/**
 * What changes in the drive when this file is put into it; null: the drive is emptied.
 * @throws {CommandError} `refused`, naming the file, what is wrong with it, and the remedy.
 */
async function mediumChange(drive: MediaDrive, file: string | null): Promise<MediumChange> {
  if (file === null) return { drive, medium: null };
  try {
    const size = checkMedium(drive, file);
    if (file.length > PATH_LENGTH_MAX) throw new MediumError(`The path "${file}" is too long. Move the file.`);
    const medium = drive === 'fda' ? await readRegular(file, size) : await identifyDisc(file);
    const bytes = medium instanceof Uint8Array ? medium.length : medium.bytes;
    if (bytes !== size) throw new MediumError(`"${file}" is being written to. Insert it when it is complete.`);
    return { drive, medium } as MediumChange;
  } catch (error) {
    if (error instanceof MediumError) throw new CommandError('refused', error.message);
    throw new CommandError('refused', `"${file}" cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Puts a file into a removable drive, now and at every power-on; null: takes out what is in it.
 * @throws {CommandError} `refused` when the file is not what it should be, or nothing is there to be taken out.
 */
export async function changeMedium(vm: Vm, drive: MediaDrive, file: string | null): Promise<void> {
  const command = file === null ? 'media.eject' : 'media.insert';
  vm.require(command);
  const words = DRIVE_WORDS[drive];
  const { config: before } = vm.record;
  if (drive === 'fda' && before.sample === 'test') {
    throw new CommandError('refused', `"${vm.name}" is the test guest: it boots from its own floppy, which stays.`);
  }
  if (file === null && before[drive] === undefined) {
    throw new CommandError('refused', `There is no ${words.medium} in the ${words.drive} of "${vm.name}".`);
  }
  const change = await mediumChange(drive, file);
  vm.require(command);
  if (vm.power !== 'off') vm.input({ device: 'medium', change });
  const config = { ...vm.record.config, [drive]: file ?? undefined };
  const gone = `Ejected from the ${words.drive}: "${before[drive] ?? ''}".`;
  if (file === null) vm.amend({ config }, 'media.ejected', gone, { drive, file: before[drive] });
  else vm.amend({ config }, 'media.inserted', `Inserted into the ${words.drive}: "${file}".`, { drive, file });
}
