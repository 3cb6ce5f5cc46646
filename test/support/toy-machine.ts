/**
 * A machine without an emulator: its state is a hash chain over the heads it has executed, its outputs and disk
 * requests follow from the state. It has the whole interface of a real one, and restores, diverges and idles.
 *
 * Invariants: state' = F(state, head), as for every machine; every output carries its number and the digest of the one
 * before it, so that whoever sees only the outputs can tell whether they are one continuation. It refuses an input that
 * comes twice or out of order, and a completion of a request that it has not made. It notes where it reads something
 * else than it has written.
 */
import { HASH_BLOCK_PAGES } from '../../main/ft/constants.ts';
import type { HashRegion, Head, Input, Output } from '../../main/ft/entry.ts';
import { decodeDiskInput, type DiskCompletion } from '../../main/machine/devices/disk.ts';
import type { DiskRequest, Machine, MachineMetrics, Outcome, Snapshot } from '../../main/machine/machine.ts';
import type { ScreenUpdate } from '../../preload/screen.ts';

export interface ToyOptions {
  readonly seed?: number;
  /** Outputs of an epoch that executes something, by the state's hash. */
  readonly outputs?: (chain: number) => number;
  /** Makes disk requests now and then. */
  readonly disk?: boolean;
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
}

const OUTPUT_BYTES = 12;
const PENDING_MAX = 4;
const DRIVE_BLOCKS = 16;
const BLOCK_BYTES = 512;
const NS_PER_US = 1000;

interface ToyState {
  readonly epoch: number;
  readonly chain: number;
  readonly virtualUs: number;
  readonly instructions: number;
  readonly nextRequest: number;
  readonly lastInput: number;
  readonly outputs: number;
  readonly lastDigest: number;
  /** What each block of its disk must hold; null where a write has failed. */
  readonly blocks: readonly (number | null)[];
}

export class ToyMachine implements Machine {
  readonly metrics: MachineMetrics = { compiledModules: 0, compileMs: 0, serialWaiting: 0 };
  readonly stopped = false;
  readonly #options: ToyOptions;
  #state: ToyState;
  /**
   * Where its disk held something else than it had written. Of a primary that has lost the lease and does not know it
   * yet that means nothing: its disk may be another's by then.
   */
  readonly contradictions: string[] = [];
  #pending: ToyRequest[] = [];
  /** What pending reads must find; null where a later write makes it uncertain. */
  readonly #expected = new Map<number, number | null>();
  #corruptPage = -1;

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
      lastDigest: 0,
      blocks: Array.from({ length: DRIVE_BLOCKS }, () => 0),
    };
  }

  get epoch(): number {
    return this.#state.epoch;
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

  get pendingRequests(): readonly ToyRequest[] {
    return this.#pending;
  }

  execute(head: Head): Outcome & { readonly requests: readonly ToyRequest[] } {
    const state = this.#state;
    this.#state = {
      ...state,
      chain: [head.advanceUs, head.rate, head.slices].reduce(mix, state.chain),
      virtualUs: state.virtualUs + head.advanceUs,
      instructions: state.instructions + head.slices * 1000,
    };
    for (const input of head.inputs) this.#take(input);
    const outcome = {
      outputs: head.slices === 0 ? [] : this.#speak(),
      requests: head.slices === 0 ? [] : this.#ask(),
      idleMs: head.inputs.length === 0 ? (this.#options.idleMs ?? 0) : 0,
    };
    this.#state = { ...this.#state, epoch: state.epoch + 1 };
    return outcome;
  }

  screen(full: boolean): ScreenUpdate | null {
    return full ? { kind: 'blank', full: true } : null;
  }

  capture(): Snapshot {
    if (this.#pending.length > 0) throw new Error('a machine that waits for its disk is not captured');
    return { description: Buffer.from(JSON.stringify(this.#state)), pages: this.#memory() };
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
    const { chain, epoch, virtualUs } = this.#state;
    if (typeof region !== 'string') {
      const blocks = Math.ceil((region.end - region.first) / HASH_BLOCK_PAGES);
      const digits = (block: number): string =>
        Math.floor(this.#corruptPage / HASH_BLOCK_PAGES) === region.first / HASH_BLOCK_PAGES + block
          ? '00000001'
          : '00000000';
      return Array.from({ length: blocks }, (_, block) => digits(block)).join('');
    }
    return `${region[0]}${mix(mix(chain, epoch), virtualUs).toString(16)}`;
  }

  corrupt(): number {
    this.#corruptPage = this.pages >>> 1;
    return this.#corruptPage;
  }

  /** As a cosmic ray would: one bit of the state changes. */
  diverge(): void {
    this.#state = { ...this.#state, chain: this.#state.chain ^ 1 };
  }

  #take({ device, sequence, data }: Input): void {
    const { chain, lastInput } = this.#state;
    if (sequence !== 0 && sequence <= lastInput) throw new Error(`the guest got input ${sequence} after ${lastInput}`);
    if (device === 'disk') this.#complete(decodeDiskInput(data));
    this.#state = {
      ...this.#state,
      chain: data.reduce(mix, mix(mix(chain, device.length), sequence)),
      lastInput: Math.max(lastInput, sequence),
    };
  }

  #complete({ id, status, data }: DiskCompletion): void {
    const at = this.#pending.findIndex((request) => request.id === id);
    const request = this.#pending[at];
    if (!request) throw new Error(`the guest waits for no disk request ${id}`);
    this.#pending.splice(at, 1);
    const block = request.offset / BLOCK_BYTES;
    if (request.operation === 'write') {
      const written = status === 'ok' ? (request.data?.[0] ?? 0) : null;
      this.#state = { ...this.#state, blocks: this.#state.blocks.with(block, written) };
      if (status === 'error') this.#expectNothingOf(request.offset);
    }
    const expected = this.#expected.get(id) ?? null;
    this.#expected.delete(id);
    if (request.operation === 'read' && status === 'ok' && expected !== null && data[0] !== expected) {
      this.contradictions.push(`request ${id} read ${data[0]} from block ${block}, where ${expected} was written`);
    }
  }

  #expectNothingOf(offset: number): void {
    for (const read of this.#pending) {
      if (read.operation === 'read' && read.offset === offset) this.#expected.set(read.id, null);
    }
  }

  /** A read finds what was written last, also where that write is still pending. */
  #expect({ id, operation, offset }: ToyRequest): void {
    if (operation === 'write') this.#expectNothingOf(offset);
    if (operation !== 'read') return;
    const before = this.#pending.findLast((other) => other.operation === 'write' && other.offset === offset);
    this.#expected.set(id, before?.data?.[0] ?? this.#state.blocks[offset / BLOCK_BYTES] ?? null);
  }

  #speak(): Output[] {
    const count = (this.#options.outputs ?? ((chain) => chain % 3))(this.#state.chain);
    return Array.from({ length: count }, () => {
      const { chain, outputs, lastDigest } = this.#state;
      const data = new Uint8Array(OUTPUT_BYTES);
      const view = new DataView(data.buffer);
      const digest = mix(mix(chain, outputs + 1), lastDigest);
      [outputs + 1, lastDigest, digest].forEach((word, index) => view.setUint32(index * 4, word, true));
      this.#state = { ...this.#state, outputs: outputs + 1, lastDigest: digest };
      return { device: 'serial', data };
    });
  }

  #ask(): ToyRequest[] {
    const { epoch, chain, nextRequest } = this.#state;
    if (!this.#options.disk || chain % 4 !== 0 || this.#pending.length >= PENDING_MAX) return [];
    const operation = (['read', 'write', 'flush'] as const)[(chain >>> 2) % 3] ?? 'read';
    const request: ToyRequest = {
      id: nextRequest,
      epoch,
      drive: 'hda',
      operation,
      offset: operation === 'flush' ? 0 : ((chain >>> 4) % (this.#options.blocks ?? DRIVE_BLOCKS)) * BLOCK_BYTES,
      length: operation === 'flush' ? 0 : BLOCK_BYTES,
      ...(operation === 'write' ? { data: new Uint8Array(BLOCK_BYTES).fill(chain & 0xff) } : {}),
    };
    this.#state = { ...this.#state, nextRequest: nextRequest + 1 };
    this.#expect(request);
    this.#pending.push(request);
    return [request];
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
  return { number: view.getUint32(0, true), previous: view.getUint32(4, true), digest: view.getUint32(8, true) };
}

/** Murmur3's way to stir one more number (its low 32 bits, and what is above them) into a hash. */
function mix(hash: number, value: number): number {
  let stirred = Math.imul((value ^ Math.floor(value / 2 ** 32)) | 0, 0xcc9e2d51);
  stirred = Math.imul((stirred << 15) | (stirred >>> 17), 0x1b873593) ^ hash;
  stirred = (stirred << 13) | (stirred >>> 19);
  return (Math.imul(stirred, 5) + 0xe6546b64) >>> 0;
}
