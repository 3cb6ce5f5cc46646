/**
 * A machine without an emulator: its state is a hash chain over the heads it has executed, its outputs and disk
 * requests follow from the state. It has the whole interface of a real one, and restores, diverges and idles.
 *
 * Invariants: state' = F(state, head), as for every machine; every output carries its number and the digest of the one
 * before it, so that whoever sees only the outputs can tell whether they are one continuation. It refuses an input that
 * comes twice, out of order or after a gap, and a completion of a request that it has not made. It notes where it reads
 * something else than it has written.
 */
import { HASH_BLOCK_PAGES } from '../../main/ft/constants.ts';
import type { HashRegion, Head, Input, Output } from '../../main/ft/entry.ts';
import { decodeDiskInput, type DiskCompletion } from '../../main/machine/devices/disk.ts';
import type { Capture, DiskRequest, Machine, MachineMetrics, Outcome, Snapshot } from '../../main/machine/machine.ts';
import type { Pieces } from '../../main/machine/pieces.ts';
import { Room } from '../../main/machine/room.ts';
import type { ScreenUpdate } from '../../preload/contract/screen.ts';

export interface ToyOptions {
  readonly seed?: number;
  /** Outputs of an epoch that executes something, by the state's hash. */
  readonly outputs?: (chain: number) => number;
  /** Has a network card too: some outputs are frames. */
  readonly network?: boolean;
  /** Makes disk requests now and then. */
  readonly disk?: boolean;
  /** One epoch in so many makes a disk request. */
  readonly diskEvery?: number;
  /** Blocks of the disk that it uses: the fewer, the more requests meet. 16 unless said otherwise. */
  readonly blocks?: number;
  /** How long the guest says that it can sleep after an epoch without inputs. */
  readonly idleMs?: number;
  /** Pages of memory that can be compared; none unless said otherwise. */
  readonly pages?: number;
  /** Bytes of memory in a snapshot. */
  readonly memoryBytes?: number;
}

/** A disk request that says in which epoch it was made. */
export interface ToyRequest extends DiskRequest {
  readonly epoch: number;
}

/** What an output of a toy machine says about itself. */
export interface ToyOutput {
  /** Counts all outputs of the machine's life from 1. */
  readonly number: number;
  /** The digest of the output before it, 0 for the first. */
  readonly previous: number;
  readonly digest: number;
  /** Counts the outputs of its device from 1. */
  readonly ofDevice: number;
}

const OUTPUT_BYTES = 16;
const PENDING_MAX = 4;
const DRIVE_BLOCKS = 16;
const BLOCK_BYTES = 512;
const NS_PER_US = 1000;
/** What the guest does not know of its disk. */
const UNKNOWN = -1;

interface ToyState {
  epoch: number;
  chain: number;
  virtualUs: number;
  instructions: number;
  nextRequest: number;
  lastInput: number;
  outputs: number;
  frames: number;
  lastDigest: number;
  corruptPage: number;
  /** What the guest must find in each block, by what it has written: it reads its own writes, in its own order. */
  readonly disk: number[];
}

interface Pending {
  readonly request: ToyRequest;
  /** What a read must find, unless that is unknown. */
  expected: number;
}

export class ToyMachine implements Machine {
  readonly playing = false;
  readonly metrics: MachineMetrics = { compiledModules: 0, optimisedModules: 0, compileMs: 0, serialWaiting: 0 };
  readonly stopped = false;
  readonly disc = null;
  /**
   * Where its disk held something else than it had written. Of a primary that has lost the lease and does not know it
   * yet that means nothing: its disk may be another's by then.
   */
  readonly contradictions: string[] = [];
  readonly #options: ToyOptions;
  #state: ToyState;
  #pending: Pending[] = [];

  constructor(options: ToyOptions = {}) {
    this.#options = options;
    this.#state = {
      epoch: 0,
      chain: mix(0x811c9dc5, options.seed ?? 1),
      virtualUs: 0,
      instructions: 0,
      nextRequest: 0,
      lastInput: 0,
      outputs: 0,
      frames: 0,
      lastDigest: 0,
      corruptPage: -1,
      disk: Array.from({ length: DRIVE_BLOCKS }, () => UNKNOWN),
    };
  }

  get epoch(): number {
    return this.#state.epoch;
  }

  /** The hash of everything that it has executed. */
  get chain(): number {
    return this.#state.chain;
  }

  get virtualNs(): number {
    return this.#state.virtualUs * NS_PER_US;
  }

  get instructions(): number {
    return this.#state.instructions;
  }

  /** The newest outside input that the state includes. */
  get lastInput(): number {
    return this.#state.lastInput;
  }

  /** All outputs of its life. */
  get outputs(): number {
    return this.#state.outputs;
  }

  get pendingRequests(): readonly ToyRequest[] {
    return this.#pending.map(({ request }) => request);
  }

  /** In as many pieces as there are slices; what it does, it does in the last one. */
  *execution(head: Head): Pieces<ReturnType<ToyMachine['execute']>> {
    for (let slice = 1; slice < head.slices; slice += 1) yield;
    return this.execute(head);
  }

  execute(head: Head): Outcome & { readonly requests: readonly ToyRequest[] } {
    const state = this.#state;
    state.chain = mix(mix(mix(state.chain, head.advanceUs), head.rate), head.slices);
    state.virtualUs += head.advanceUs;
    state.instructions += head.slices * 1000;
    for (const input of head.inputs) this.#take(input);
    const outcome = {
      outputs: head.slices === 0 ? [] : this.#speak(),
      requests: head.slices === 0 ? [] : this.#ask(),
      idleMs: head.inputs.length === 0 ? (this.#options.idleMs ?? 0) : 0,
    };
    state.epoch += 1;
    return outcome;
  }

  screen(full: boolean): ScreenUpdate | null {
    return full ? { kind: 'blank', full: true } : null;
  }

  capture(): Snapshot {
    if (this.#pending.length > 0) throw new Error('a machine that waits for its disk is not captured');
    return { description: Buffer.from(JSON.stringify(this.#state)), pages: this.#memory() };
  }

  *room(): Pieces<Room> {
    return yield* Room.make(0);
  }

  copy(): Capture {
    return captured(this.capture(), this.hash('full'));
  }

  get asBuilt(): boolean {
    return this.#state.instructions === 0;
  }

  copyAsBuilt(): Capture {
    return this.copy();
  }

  restore(snapshot: Snapshot): void {
    this.#state = JSON.parse(Buffer.from(snapshot.description).toString()) as ToyState;
    this.#pending = [];
    if (Buffer.compare(this.#memory(), snapshot.pages) !== 0) throw new Error("the snapshot's pages are damaged");
  }

  /** Memory that no epoch touches. */
  get pages(): number {
    return this.#options.pages ?? 0;
  }

  hash(region: HashRegion): string {
    const { chain, epoch, virtualUs, corruptPage } = this.#state;
    if (typeof region !== 'string') {
      const blocks = Math.ceil((region.end - region.first) / HASH_BLOCK_PAGES);
      const digits = (block: number): string =>
        Math.floor(corruptPage / HASH_BLOCK_PAGES) === region.first / HASH_BLOCK_PAGES + block
          ? '00000001'
          : '00000000';
      return Array.from({ length: blocks }, (_, block) => digits(block)).join('');
    }
    return `0${region[0]}${mix(mix(chain, epoch), virtualUs).toString(16).padStart(8, '0')}`;
  }

  corrupt(): number {
    this.#state.corruptPage = this.pages >>> 1;
    return this.#state.corruptPage;
  }

  /** A page of its memory is not what it was. */
  get corrupted(): boolean {
    return this.#state.corruptPage >= 0;
  }

  /** As a cosmic ray would: one bit of the state changes. */
  diverge(): void {
    this.#state.chain ^= 1;
  }

  #take({ device, sequence, data }: Input): void {
    const state = this.#state;
    if (sequence !== 0 && sequence !== state.lastInput + 1) {
      throw new Error(`the guest got input ${sequence} after ${state.lastInput}`);
    }
    if (device === 'disk') this.#complete(decodeDiskInput(data));
    let chain = mix(mix(state.chain, device.length), sequence);
    for (let at = 0; at < data.length; at++) chain = mix(chain, data[at] as number);
    state.chain = chain;
    state.lastInput = Math.max(state.lastInput, sequence);
  }

  #complete({ id, status, data }: DiskCompletion): void {
    const at = this.#pending.findIndex(({ request }) => request.id === id);
    const [done] = at < 0 ? [] : this.#pending.splice(at, 1);
    if (!done) throw new Error(`the guest waits for no disk request ${id}`);
    const { request, expected } = done;
    const block = request.offset / BLOCK_BYTES;
    if (status === 'error') {
      if (request.operation !== 'write') return;
      // Nobody knows what is there now.
      this.#state.disk[block] = UNKNOWN;
      this.#expectNothingOf(request.offset);
    } else if (request.operation === 'read' && expected !== UNKNOWN && readStamp(data) !== expected) {
      const where = `block ${block} by request ${id} of epoch ${request.epoch}`;
      this.contradictions.push(`the guest read ${readStamp(data)} from ${where}, where it had written ${expected}`);
    }
  }

  #speak(): Output[] {
    const state = this.#state;
    const count = (this.#options.outputs ?? ((chain) => chain % 3))(state.chain);
    const outputs: Output[] = [];
    for (let i = 0; i < count; i++) {
      const frame = this.#options.network === true && ((state.chain >>> 7) + i) % 3 === 0;
      const data = new Uint8Array(OUTPUT_BYTES);
      const view = new DataView(data.buffer);
      const digest = mix(mix(state.chain, state.outputs + 1), state.lastDigest);
      state.outputs += 1;
      if (frame) state.frames += 1;
      view.setUint32(0, state.outputs, true);
      view.setUint32(4, state.lastDigest, true);
      view.setUint32(8, digest, true);
      view.setUint32(12, frame ? state.frames : state.outputs - state.frames, true);
      state.lastDigest = digest;
      outputs.push({ device: frame ? 'nic' : 'serial', data });
    }
    return outputs;
  }

  #ask(): ToyRequest[] {
    const { epoch, chain, nextRequest, disk } = this.#state;
    if (!this.#options.disk || chain % (this.#options.diskEvery ?? 4) !== 0) return [];
    if (this.#pending.length >= PENDING_MAX) return [];
    const operation = (['read', 'write', 'flush'] as const)[(chain >>> 8) % 3] ?? 'read';
    const block = (chain >>> 12) % (this.#options.blocks ?? DRIVE_BLOCKS);
    const request: ToyRequest = {
      id: nextRequest,
      epoch,
      drive: 'hda',
      operation,
      offset: operation === 'flush' ? 0 : block * BLOCK_BYTES,
      length: operation === 'flush' ? 0 : BLOCK_BYTES,
      ...(operation === 'write' ? { data: stamped(chain, BLOCK_BYTES) } : {}),
    };
    this.#state.nextRequest += 1;
    if (operation === 'write') this.#expectNothingOf(request.offset);
    this.#pending.push({ request, expected: disk[block] ?? UNKNOWN });
    if (operation === 'write') disk[block] = chain;
    return [request];
  }

  /** A disk that is given a write while a read of the same place is under way may answer either. */
  #expectNothingOf(offset: number): void {
    for (const other of this.#pending) if (other.request.offset === offset) other.expected = UNKNOWN;
  }

  #memory(): Uint8Array {
    const memory = new Uint8Array(this.#options.memoryBytes ?? 100);
    let word = this.#state.chain;
    for (let at = 0; at < memory.length; at++) memory[at] = (word = mix(word, at)) & 0xff;
    return memory;
  }
}

/** @throws {RangeError} when the bytes are no output of a toy machine. */
export function readToyOutput(data: Uint8Array): ToyOutput {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    number: view.getUint32(0, true),
    previous: view.getUint32(4, true),
    digest: view.getUint32(8, true),
    ofDevice: view.getUint32(12, true),
  };
}

/** A block that holds this 32-bit number. */
export function stamped(number: number, length: number): Uint8Array {
  const data = new Uint8Array(length);
  new DataView(data.buffer).setUint32(0, number, true);
  return data;
}

export function readStamp(data: Uint8Array): number {
  return data.length < 4 ? 0 : new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0, true);
}

/** Murmur3's way to stir one more number (its low 32 bits, and what is above them) into a hash. */
function mix(hash: number, value: number): number {
  let stirred = Math.imul((value ^ Math.floor(value / 2 ** 32)) | 0, 0xcc9e2d51);
  stirred = Math.imul((stirred << 15) | (stirred >>> 17), 0x1b873593) ^ hash;
  stirred = (stirred << 13) | (stirred >>> 19);
  return (Math.imul(stirred, 5) + 0xe6546b64) >>> 0;
}

/** A finished snapshot in the place of one that is still to be made. */
export function captured(snapshot: Snapshot, hash = ''): Capture {
  return {
    descriptionBytes: snapshot.description.length,
    pagesBytes: snapshot.pages.length,
    *seal(): Pieces<Snapshot> {
      yield;
      return snapshot;
    },
    *hash(): Pieces<string> {
      yield;
      return hash;
    },
  };
}
