/**
 * Removable media: a floppy or a disc is put into its drive, or taken out, while the guest runs.
 *
 * Input layout: drive uint8 (0 `fda`, 1 `cdrom`), operation uint8 (0 eject, 1 insert); then what is inserted: for `fda`
 * the image's bytes; for `cdrom` size uint64 little-endian, identity (32 bytes, a SHA-256), path as UTF-8.
 *
 * Invariant: what is in a drive is state. A floppy's contents are in v86's memory; of a disc the machine knows what it
 * is, and every request names the disc it was made to: one that is pending when the disc is changed completes as if
 * the drive had read it just before.
 *
 * The guest notices as on hardware, and as v86 does it: a floppy drive has its disk-change line; a CD-ROM drive says
 * that it is not ready, then UNIT ATTENTION, "medium may have changed". But v86's drive also raises an interrupt that
 * nobody asked for and overwrites the status of a command under way; ours changes its medium silently.
 */
import { assert } from '../errors.ts';
import type { Disc } from '../machine.ts';
import type { Devices, FloppyDrive, IdeInterface } from '../v86-types.ts';
import type { DriveBuffer } from './disk.ts';

/** The largest floppy v86 knows, 2.88 MB, in bytes. */
export const FLOPPY_BYTES_MAX = 2_949_120;
export const DISC_PATH_LENGTH_MAX = 4096;
const DISC_BYTES_MAX = 2 ** 48;
const CD_SECTOR_BYTES = 2048;
const IDENTITY_BYTES = 32;
const HEADER_BYTES = 2;
const DISC_HEADER_BYTES = HEADER_BYTES + 8 + IDENTITY_BYTES;

const DRIVES = ['fda', 'cdrom'] as const;
const EJECT = 0;
const INSERT = 1;

const INTERRUPTS_OFF = 2;
/** v86's drive answers the next two commands as one that was opened and closed. */
const WAS_OPENED = 2;

/** What is in the drive from now on; null: it is empty. */
export type MediumChange =
  | { readonly drive: 'fda'; readonly medium: Uint8Array | null }
  | { readonly drive: 'cdrom'; readonly medium: Disc | null };

/** Hexadecimal, of a SHA-256; or empty: unknown. */
export function isIdentity(text: string): boolean {
  return text === '' || /^[0-9a-f]{64}$/.test(text);
}

/** @throws {RangeError} when there can be no such medium. */
export function encodeMediumInput(change: MediumChange): Uint8Array {
  const { drive, medium } = change;
  const start = Uint8Array.of(DRIVES.indexOf(drive), medium === null ? EJECT : INSERT);
  const content = medium === null ? new Uint8Array() : medium instanceof Uint8Array ? medium : encodeDisc(medium);
  const bytes = new Uint8Array(start.length + content.length);
  bytes.set(start);
  bytes.set(content, start.length);
  decodeMediumInput(bytes);
  return bytes;
}

/** A floppy's bytes are a view of the input's. @throws {RangeError} when the input makes no sense. */
export function decodeMediumInput(input: Uint8Array): MediumChange {
  const drive = DRIVES[input[0] ?? -1];
  const operation = input[1];
  if (drive === undefined) throw new RangeError(`there is no removable drive ${input[0]}`);
  if (operation !== EJECT && operation !== INSERT) throw new RangeError(`nothing is done to a medium by ${operation}`);
  const content = input.subarray(HEADER_BYTES);
  if (operation === EJECT) {
    if (content.length > 0) throw new RangeError('nothing comes with a medium that is ejected');
    return { drive, medium: null };
  }
  if (drive === 'cdrom') return { drive, medium: decodeDisc(input) };
  if (content.length === 0 || content.length > FLOPPY_BYTES_MAX) {
    throw new RangeError(`a floppy has ${content.length} bytes; 1 to ${FLOPPY_BYTES_MAX} are possible`);
  }
  return { drive, medium: content };
}

function encodeDisc({ path, bytes, identity }: Disc): Uint8Array {
  if (!isIdentity(identity) || identity === '') throw new RangeError('a disc is told by its identity');
  const name = new TextEncoder().encode(path);
  const encoded = new Uint8Array(8 + IDENTITY_BYTES + name.length);
  new DataView(encoded.buffer).setBigUint64(0, BigInt(bytes), true);
  for (let at = 0; at < IDENTITY_BYTES; at += 1)
    encoded[8 + at] = Number.parseInt(identity.slice(2 * at, 2 * at + 2), 16);
  encoded.set(name, 8 + IDENTITY_BYTES);
  return encoded;
}

function decodeDisc(input: Uint8Array): Disc {
  if (input.length <= DISC_HEADER_BYTES || input.length > DISC_HEADER_BYTES + 4 * DISC_PATH_LENGTH_MAX) {
    throw new RangeError(`a disc's description has ${input.length} bytes`);
  }
  const bytes = Number(
    new DataView(input.buffer, input.byteOffset, DISC_HEADER_BYTES).getBigUint64(HEADER_BYTES, true),
  );
  if (bytes < CD_SECTOR_BYTES || bytes > DISC_BYTES_MAX || bytes % CD_SECTOR_BYTES !== 0) {
    throw new RangeError(`a disc has ${bytes} bytes: it has whole sectors of ${CD_SECTOR_BYTES}`);
  }
  const digest = input.subarray(HEADER_BYTES + 8, DISC_HEADER_BYTES);
  const identity = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const path = new TextDecoder().decode(input.subarray(DISC_HEADER_BYTES));
  if (path.length > DISC_PATH_LENGTH_MAX) throw new RangeError(`a disc's path has ${path.length} characters`);
  return { path, bytes, identity };
}

export interface MediaState {
  readonly disc: Disc | null;
}

export class Media {
  /** v86's class of floppy images: a snapshot may have one where this machine was built without. */
  readonly imageClass: { readonly name: string; readonly prototype: object };
  readonly #devices: () => Devices;
  readonly #buffer: DriveBuffer;

  /** `buffer` is the CD-ROM drive's, whether or not it holds a disc. */
  constructor(devices: () => Devices, buffer: DriveBuffer) {
    this.#devices = devices;
    this.#buffer = buffer;
    this.imageClass = classOfImages(this.#floppy);
  }

  /** The guest can open the drive by itself. */
  get disc(): Disc | null {
    return this.#cdrom.buffer === null ? null : this.#buffer.disc;
  }

  /** @throws {RangeError} when the input makes no sense. */
  receive(input: Uint8Array): void {
    const change = decodeMediumInput(input);
    if (change.drive === 'cdrom') this.#changeDisc(change.medium);
    else if (change.medium === null) this.#floppy.eject_disk();
    // An own copy: the guest writes to it, and v86 takes the whole buffer.
    else assert(this.#floppy.insert_disk(new Uint8Array(change.medium)), 'v86 knows a format for every floppy');
  }

  state(): MediaState {
    const { disc } = this;
    // Always in this order: it is hashed as text.
    return { disc: disc && { path: disc.path, bytes: disc.bytes, identity: disc.identity } };
  }

  /** That the drive is empty is in v86's own state. */
  restore({ disc }: MediaState): void {
    this.#buffer.disc = disc;
  }

  get #cdrom(): IdeInterface {
    return this.#devices().ide.secondary.master;
  }

  get #floppy(): FloppyDrive {
    const [drive] = this.#devices().fdc.drives;
    assert(drive !== undefined, 'v86 has a floppy drive');
    return drive;
  }

  #changeDisc(disc: Disc | null): void {
    const device = this.#cdrom;
    this.#buffer.disc = disc;
    device.medium_changed = WAS_OPENED;
    if (disc === null) {
      device.buffer = null;
      return;
    }
    const { channel, status_reg: status, error_reg: error } = device;
    const { device_control_reg: control } = channel;
    channel.device_control_reg = control | INTERRUPTS_OFF;
    device.set_cdrom(this.#buffer);
    channel.device_control_reg = control;
    device.status_reg = status;
    device.error_reg = error;
  }
}

/** Of the disk in the drive, or of one that is put into it for a moment: v86 names the class nowhere. */
function classOfImages(drive: FloppyDrive): { name: string; prototype: object } {
  const empty = drive.buffer === null;
  if (empty) drive.insert_disk(new Uint8Array(1));
  assert(drive.buffer !== null, 'v86 takes a floppy of any size');
  const { constructor } = drive.buffer;
  if (empty) drive.eject_disk();
  return constructor as unknown as { name: string; prototype: object };
}
