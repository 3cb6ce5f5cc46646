/**
 * The IDE drives: hard disks and CD-ROM whose blocks come from outside.
 *
 * Input layout, little-endian: id uint64, status uint8 (0 ok, 1 error), then the data of a successful read.
 *
 * Invariant: a request completes only when an input says so, at a head. Requests are numbered in the order the guest
 * made them, by all drives together.
 *
 * Errors. v86's block interface has no way to say that a request failed, so we set the drive's registers as a drive
 * would: a failed read or DMA write ends with the error bit and an interrupt, a CD-ROM with sense key "medium error".
 * A failed PIO write cannot be reported when it happens, as v86 tells the guest at once that it is done; it is reported
 * by the next flush, as by a disk with a write cache.
 *
 * Flush. v86 completes FLUSH CACHE by itself. We take the command over, so that it waits for what it promises: it
 * becomes a request once all writes of the drive before it have completed, so whoever answers need not order them.
 */
import { HEAD_BYTES_MAX } from '../../ft/constants.ts';
import type { Input } from '../../ft/entry.ts';
import { assert, MachineError } from '../errors.ts';
import type { Disc, DiskRequest, Drive } from '../machine.ts';
import type { BlockBuffer, IdeInterface } from '../v86-types.ts';

/** The most bytes of one request: 65,536 sectors, ATA's limit. A CD-ROM's guest may ask for more; it gets this much. */
export const DISK_REQUEST_BYTES_MAX = 33_554_432;
const SECTOR_BYTES = 512;
const HEADER_BYTES = 9;
assert(HEADER_BYTES + DISK_REQUEST_BYTES_MAX <= HEAD_BYTES_MAX, 'a head carries the largest read');
const STATUS_OK = 0;
const STATUS_ERROR = 1;

const COMMAND_FLUSH = 0xe7;
const COMMAND_FLUSH_EXT = 0xea;
const COMMAND_NONE = -1;
const ATA_READY = 0x50;
const ATA_BUSY = 0x80;
const ATA_FAILED = 0x41;
const ATA_ERROR_ABORTED = 0x04;
const ATA_ERROR_UNCORRECTABLE = 0x40;
const DMA_ACTIVE = 1;
const DMA_ERROR = 2;
const SENSE_MEDIUM_ERROR = 3;
const SENSE_UNRECOVERED_READ = 0x11;

export interface DiskCompletion {
  readonly id: number;
  readonly status: 'ok' | 'error';
  /** What was read; empty for writes, flushes and errors. */
  readonly data: Uint8Array;
}

/** @throws {RangeError} when the data is too long or does not go with an error. */
export function encodeDiskInput(completion: DiskCompletion): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + completion.data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(completion.id), true);
  bytes[8] = completion.status === 'ok' ? STATUS_OK : STATUS_ERROR;
  bytes.set(completion.data, HEADER_BYTES);
  decodeDiskInput(bytes);
  return bytes;
}

/** The data is a view of the input's. @throws {RangeError} when the input is too short, too long or senseless. */
export function decodeDiskInput(input: Uint8Array): DiskCompletion {
  if (input.length < HEADER_BYTES || input.length > HEADER_BYTES + DISK_REQUEST_BYTES_MAX) {
    throw new RangeError(`a disk input has ${input.length} bytes`);
  }
  const id = new DataView(input.buffer, input.byteOffset, HEADER_BYTES).getBigUint64(0, true);
  if (id > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`disk request ${id} cannot exist`);
  const status = input[8] as number;
  if (status !== STATUS_OK && status !== STATUS_ERROR) throw new RangeError(`disk status ${status} is unknown`);
  const data = input.subarray(HEADER_BYTES);
  if (status === STATUS_ERROR && data.length > 0) throw new RangeError('a failed disk request has no data');
  return { id: Number(id), status: status === STATUS_OK ? 'ok' : 'error', data };
}

/** Which request an input completes, and whether well; null for other inputs and for what cannot be one. */
export function completionOf({ device, data }: Input): { id: number; ok: boolean } | null {
  if (device !== 'disk' || data.length < HEADER_BYTES) return null;
  const id = new DataView(data.buffer, data.byteOffset, HEADER_BYTES).getBigUint64(0, true);
  return { id: Number(id), ok: data[8] === STATUS_OK };
}

/** A request, and what is to be done when it completes. */
interface Pending {
  readonly request: DiskRequest;
  readonly succeed: (data: Uint8Array) => void;
  readonly fail: () => void;
}

type Unnumbered = Omit<Pending, 'request'> & { readonly request: Omit<DiskRequest, 'id'> };

export interface DisksState {
  readonly nextId: number;
  /** Drives with a PIO write that failed and has not been reported. */
  readonly failedWrites: readonly Drive[];
}

export class Disks {
  readonly #pending = new Map<number, Pending>();
  readonly #failedWrites = new Set<Drive>();
  #issued: DiskRequest[] = [];
  /** Flushes that wait for writes of their drive; so there is none while nothing is pending. */
  #deferred: Unnumbered[] = [];
  #nextId = 0;

  /** Requests made and not completed, oldest first. */
  get pending(): readonly DiskRequest[] {
    return [...this.#pending.values()].map(({ request }) => request);
  }

  /** The requests made since the last call. */
  takeIssued(): DiskRequest[] {
    const issued = this.#issued;
    this.#issued = [];
    return issued;
  }

  issue(entry: Unnumbered): void {
    const request: DiskRequest = { id: this.#nextId, ...entry.request };
    this.#nextId += 1;
    this.#pending.set(request.id, { ...entry, request });
    this.#issued.push(request);
  }

  /** Issues a flush once every write of its drive so far has completed. */
  issueFlush(entry: Unnumbered): void {
    if (this.#writing(entry.request.drive)) this.#deferred.push(entry);
    else this.issue(entry);
  }

  /** @throws {MachineError} when there is no such request, or its data has another length. */
  receive(input: Uint8Array): void {
    const { id, status, data } = decodeDiskInput(input);
    const entry = this.#pending.get(id);
    if (entry === undefined) throw new MachineError(`disk request ${id} is not pending, it cannot complete`);
    const expected = status === 'ok' && entry.request.operation === 'read' ? entry.request.length : 0;
    if (data.length !== expected) {
      throw new MachineError(`disk request ${id} completes with ${data.length} bytes, not ${expected}`);
    }
    this.#pending.delete(id);
    if (status === 'ok') entry.succeed(data);
    else entry.fail();
    const free = this.#deferred.filter(({ request }) => !this.#writing(request.drive));
    this.#deferred = this.#deferred.filter((waiting) => !free.includes(waiting));
    for (const flush of free) this.issue(flush);
  }

  rememberFailedWrite(drive: Drive): void {
    this.#failedWrites.add(drive);
  }

  /** Whether a write of this drive failed without the guest knowing; says so once. */
  takeFailedWrite(drive: Drive): boolean {
    return this.#failedWrites.delete(drive);
  }

  state(): DisksState {
    return { nextId: this.#nextId, failedWrites: [...this.#failedWrites].sort() };
  }

  restore(state: DisksState): void {
    assert(this.#pending.size === 0, 'restored while disk requests are pending');
    this.#nextId = state.nextId;
    this.#failedWrites.clear();
    for (const drive of state.failedWrites) this.#failedWrites.add(drive);
  }

  #writing(drive: Drive): boolean {
    return this.pending.some((request) => request.drive === drive && request.operation === 'write');
  }
}

/** One drive's medium, in the shape v86 calls. */
export class DriveBuffer implements BlockBuffer {
  onload?: (event: object) => void;
  /** The disc, where this is the CD-ROM drive's. */
  disc: Disc | null = null;
  readonly #drive: Drive;
  readonly #byteLength: number;
  readonly #disks: Disks;
  /** The first sector, for v86 to look at while it builds the machine. */
  readonly #firstSector: Uint8Array;
  #device: IdeInterface | null = null;

  constructor(drive: Drive, byteLength: number, firstSector: Uint8Array, disks: Disks) {
    this.#drive = drive;
    this.#byteLength = byteLength;
    this.#firstSector = firstSector;
    this.#disks = disks;
  }

  get byteLength(): number {
    return this.disc?.bytes ?? this.#byteLength;
  }

  /** From here on everything is a request. */
  attach(device: IdeInterface): void {
    this.#device = device;
  }

  load(): void {
    this.onload?.({});
  }

  get(offset: number, length: number, done: (data: Uint8Array) => void): void {
    const device = this.#attached();
    // v86 numbers its reads just before it calls us; an aborted command forgets the number.
    const ioId = device.last_io_id - 1;
    const bounded = Math.min(length, this.byteLength - offset, DISK_REQUEST_BYTES_MAX);
    assert(offset >= 0 && bounded >= 0, `v86 reads within ${this.#drive}`);
    const disc = this.disc === null ? {} : { disc: this.disc };
    const request = { drive: this.#drive, operation: 'read', offset, length: bounded, ...disc } as const;
    const fail = () => {
      if (forget(device, ioId)) failCommand(device, ATA_ERROR_UNCORRECTABLE);
    };
    this.#disks.issue({ request, succeed: done, fail });
  }

  set(offset: number, data: Uint8Array, done: () => void): void {
    const device = this.#attached();
    assert(offset >= 0 && offset + data.length <= this.byteLength, `v86 writes within ${this.#drive}`);
    const isDma = (device.channel.dma_status & DMA_ACTIVE) !== 0;
    const request = {
      drive: this.#drive,
      operation: 'write',
      offset,
      length: data.length,
      data: data.slice(),
    } as const;
    const fail = () => {
      // Without DMA the guest has gone on long ago; with it, it may have reset the drive meanwhile.
      if (isDma && (device.channel.dma_status & DMA_ACTIVE) !== 0) failCommand(device, ATA_ERROR_ABORTED);
      else this.#disks.rememberFailedWrite(this.#drive);
    };
    this.#disks.issue({ request, succeed: done, fail });
  }

  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void {
    assert(this.#device === null && offset === 0 && length <= SECTOR_BYTES, 'v86 looks at the first sector only');
    done(this.#firstSector.slice(0, length));
  }

  get_from_cache(offset: number, length: number): Uint8Array | undefined {
    return this.#device === null && offset + length <= SECTOR_BYTES
      ? this.#firstSector.slice(offset, offset + length)
      : undefined;
  }

  get_buffer(done: (buffer?: ArrayBuffer) => void): void {
    done(undefined);
  }

  get_state(): unknown[] {
    return [];
  }

  set_state(): void {}

  #attached(): IdeInterface {
    assert(this.#device !== null, `${this.#drive} is in use only once the machine is built`);
    return this.#device;
  }
}

/** Makes the drives of `interfaces` wait for their medium when the guest flushes. */
export function takeOverFlush(interfaces: ReadonlyMap<IdeInterface, Drive>, disks: Disks): void {
  const [first] = interfaces.keys();
  if (first === undefined) return;
  // All interfaces of this machine share a prototype, which belongs to this machine alone (v86.ts evaluates v86 anew).
  const prototype = Object.getPrototypeOf(first) as IdeInterface;
  const original: (this: IdeInterface, command: number) => void = Reflect.get(prototype, 'ata_command');
  prototype.ata_command = function (this: IdeInterface, command: number): void {
    const drive = interfaces.get(this);
    const isFlush = command === COMMAND_FLUSH || command === COMMAND_FLUSH_EXT;
    if (!isFlush || drive === undefined || this.is_atapi) original.call(this, command);
    else flush(this, drive, command, disks);
  };
}

function flush(device: IdeInterface, drive: Drive, command: number, disks: Disks): void {
  device.current_command = command;
  device.error_reg = 0;
  device.status_reg = ATA_BUSY;
  // Registered like one of v86's own reads, so that a reset of the drive cancels it.
  const ioId = device.last_io_id;
  device.last_io_id += 1;
  device.in_progress_io_ids.set(ioId, { abort: () => {} });
  const end = (ok: boolean) => {
    if (!forget(device, ioId)) return;
    if (ok && !disks.takeFailedWrite(drive)) {
      device.status_reg = ATA_READY;
      device.push_irq();
    } else {
      failCommand(device, ATA_ERROR_ABORTED);
    }
  };
  const request = { drive, operation: 'flush', offset: 0, length: 0 } as const;
  disks.issueFlush({ request, succeed: () => end(true), fail: () => end(false) });
}

/** Takes an operation off the drive's list; false when the guest has reset the drive meanwhile. */
function forget(device: IdeInterface, ioId: number): boolean {
  if (device.cancelled_io_ids.delete(ioId)) return false;
  return device.in_progress_io_ids.delete(ioId);
}

/** Ends the command under way as a drive does that cannot carry it out. */
function failCommand(device: IdeInterface, error: number): void {
  if ((device.channel.dma_status & DMA_ACTIVE) !== 0) {
    device.channel.dma_status = (device.channel.dma_status & ~DMA_ACTIVE) | DMA_ERROR;
  }
  if (device.is_atapi) {
    device.atapi_check_condition_response(SENSE_MEDIUM_ERROR, SENSE_UNRECOVERED_READ);
  } else {
    device.current_command = COMMAND_NONE;
    device.status_reg = ATA_FAILED;
    device.error_reg = error;
  }
  device.push_irq();
}
