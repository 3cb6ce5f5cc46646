/**
 * What the machine's tests share: guests to run, and a runner that makes heads and remembers them.
 *
 * Invariant: a runner's heads depend on the machine's outcomes and on what the test sends, never on the clock of this
 * computer, so a test that fails once fails always.
 */
import { readFileSync } from 'node:fs';
import type { Head, Input, InputDevice } from '../../main/ft/entry.ts';
import { encodeDiskInput } from '../../main/machine/devices/disk.ts';
import { createMachine } from '../../main/machine/emulated.ts';
import type { DiskRequest, DriveConfig, Machine, MachineConfig, Outcome } from '../../main/machine/machine.ts';
import { ScreenModel } from '../../preload/contract/screen-model.ts';
import { guestCommandLine, guestFiles } from '../../resources/guests/build.ts';
import { generator } from '../support/mulberry.ts';

export const MAC = '02:4c:53:00:00:01';

function firmware() {
  const { bios, vgabios } = guestFiles();
  return { bios: readFileSync(bios), vgaBios: readFileSync(vgabios) };
}

const BASIS = { vgaMemoryMB: 2, seed: 0x5eed, startTimeMs: Date.UTC(2026, 10, 21, 12, 34, 56) };

/** The small test guest: boots from its floppy in a moment, obeys bytes on the serial line. */
export function testGuest(more: Partial<MachineConfig> = {}): MachineConfig {
  const floppy = readFileSync(guestFiles().testImage);
  return { ...BASIS, ...firmware(), memoryMB: 8, drives: {}, floppy, ...more };
}

/** A guest of one sector. */
export function bootSector(code: Uint8Array, more: Partial<MachineConfig> = {}): MachineConfig {
  const floppy = new Uint8Array(1_474_560);
  floppy.set(code);
  return { ...BASIS, ...firmware(), memoryMB: 8, drives: {}, floppy, ...more };
}

export function linuxGuest(more: Partial<MachineConfig> = {}): MachineConfig {
  const { bzimage, initrd } = guestFiles();
  const linux = { bzimage: readFileSync(bzimage), initrd: readFileSync(initrd), cmdline: guestCommandLine() };
  return { ...BASIS, ...firmware(), memoryMB: 96, drives: {}, linux, nic: { type: 'virtio', mac: MAC }, ...more };
}

/** A drive over bytes in memory; requests are answered by the runner. */
export function driveOf(image: Uint8Array): DriveConfig {
  return { byteLength: image.length, readSync: (offset, length) => image.slice(offset, offset + length) };
}

export function input(device: InputDevice, data: Uint8Array): Input {
  return { device, sequence: 0, data };
}

const BUSY_US = 20;
const IDLE_US_MAX = 4000;
const RATE = 3072;

export class Runner {
  readonly machine: Machine;
  readonly heads: Head[] = [];
  /** Everything the guest has sent on its serial line, as Latin-1. */
  serial = '';
  readonly frames: Uint8Array[] = [];
  /** Called with what each head asked of the disks. */
  onRequests: (requests: readonly DiskRequest[]) => void = () => {};
  #waiting: Input[] = [];
  #advanceUs = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  static async start(config: MachineConfig): Promise<Runner> {
    return new Runner(await createMachine(config));
  }

  /** Sends with the next head. */
  send(...inputs: Input[]): void {
    this.#waiting.push(...inputs);
  }

  type(text: string): void {
    this.send(input('serial', Buffer.from(text, 'latin1')));
  }

  step(slices = 1): Outcome {
    const head: Head = { advanceUs: this.#advanceUs, rate: RATE, slices, inputs: this.#waiting };
    this.#waiting = [];
    return this.replay(head);
  }

  /** Executes a head that someone else made. */
  replay(head: Head): Outcome {
    this.heads.push(head);
    const outcome = this.machine.execute(head);
    this.#advanceUs = outcome.idleMs > 0 ? Math.floor(Math.min(outcome.idleMs * 1000, IDLE_US_MAX)) : BUSY_US;
    for (const { device, data } of outcome.outputs) {
      if (device === 'serial') this.serial += Buffer.from(data).toString('latin1');
      else if (device === 'nic') this.frames.push(data);
    }
    this.onRequests(outcome.requests);
    return outcome;
  }

  /** Steps until `done`; fails after `limit` epochs. */
  until(done: () => boolean, limit = 20_000): void {
    for (let count = 0; !done(); count += 1) {
      if (count >= limit) {
        throw new Error(`not reached in ${limit} epochs; serial: ${JSON.stringify(this.serial.slice(-300))}`);
      }
      this.step();
    }
  }

  /** Steps until the serial line has shown `text` after what it has shown now. */
  untilSerial(text: string, limit?: number): void {
    const from = this.serial.length;
    this.until(() => this.serial.includes(text, from), limit);
  }

  steps(count: number): void {
    for (let index = 0; index < count; index += 1) this.step();
  }

  /** A model of the whole screen as it is now. */
  screen(): ScreenModel {
    const model = new ScreenModel();
    const update = this.machine.screen(true);
    if (update !== null) model.apply(update);
    return model;
  }
}

/** Answers requests from bytes in memory, each some epochs after it was made, in any order. */
export class MemoryDisks {
  readonly images: Partial<Record<DiskRequest['drive'], Uint8Array>>;
  readonly seen: DiskRequest[] = [];
  /** Requests that this returns true for fail. */
  fails: (request: DiskRequest) => boolean = () => false;
  readonly #runner: Runner;
  readonly #random: (limit: number) => number;
  #due: { epoch: number; data: Uint8Array }[] = [];

  constructor(runner: Runner, images: MemoryDisks['images'], seed: number) {
    this.images = images;
    this.#runner = runner;
    this.#random = generator(seed);
    runner.onRequests = (requests) => {
      for (const request of requests) this.#answer(request);
      this.#deliver();
    };
  }

  #answer(request: DiskRequest): void {
    this.seen.push(request);
    const image = this.images[request.drive];
    if (image === undefined) throw new Error(`no image for ${request.drive}`);
    const status = this.fails(request) ? 'error' : 'ok';
    const { id, operation, offset, length } = request;
    if (status === 'ok' && request.data !== undefined) image.set(request.data, offset);
    const read = status === 'ok' && operation === 'read';
    const data = read ? image.slice(offset, offset + length) : new Uint8Array();
    const epoch = this.#runner.machine.epoch + this.#random(7);
    this.#due.push({ epoch, data: encodeDiskInput({ id, status, data }) });
  }

  #deliver(): void {
    const { epoch } = this.#runner.machine;
    for (const { data } of this.#due.filter((entry) => entry.epoch <= epoch)) this.#runner.send(input('disk', data));
    this.#due = this.#due.filter((entry) => entry.epoch > epoch);
  }
}
