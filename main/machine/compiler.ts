/**
 * The just-in-time compiler made deterministic: v86 generates a module, we compile it at once, and publish it at a
 * fixed point of the epoch.
 *
 * Invariant: which functions exist at an instruction depends on the instructions executed so far, never on how long a
 * compilation takes. The bytes of every live module are kept, because they are state: v86's own tables in linear memory
 * point at them. What V8 makes of the bytes is not: the baseline compiler at first, since a guest waits for it, and the
 * optimising one for those that stay hot (second-tier.ts). Nor is when: of a snapshot's modules most are never called
 * again, so each is compiled when it is.
 */
import v8 from 'node:v8';
import { assert } from './errors.ts';
import { type Generated, HOT_INSTRUCTIONS, SecondTier } from './second-tier.ts';
import { from, wasmModule } from './wasm-bytes.ts';
import { type Cpu, TABLE_GENERATED_COUNT, TABLE_GENERATED_START } from './v86-types.ts';

/** A compiled function that v86 has not been told about yet: table index, first address, state flags. */
export type Announcement = readonly [index: number, start: number, flags: number];

/** One live module: where it is in the table, and its bytes. */
export interface LiveModule {
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A function of JavaScript as one of WebAssembly, as a table wants it: what is imported as "f" is exported as "f". */
const WRAP = wasmModule([
  [1, [1, 0x60, 1, 0x7f, 0]],
  [2, [1], from('f', [0, 0])],
  [7, [1, 1, 0x66, 0, 0]],
]);
let wrap: WebAssembly.Module | null = null;

/** Quickly, to code that is not fast. Whoever compiles otherwise gets the optimising compiler (v86.ts). */
function compileQuickly(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  v8.setFlagsFromString('--liftoff');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    v8.setFlagsFromString('--no-liftoff');
  }
}

export class Compiler {
  readonly #table: WebAssembly.Table;
  readonly #hotInstructions: number;
  readonly #live = new Map<number, Uint8Array<ArrayBuffer>>();
  #imports: WebAssembly.ModuleImports = {};
  #secondTier: SecondTier | null = null;
  #pending: Announcement | null = null;
  #count = 0;
  #ms = 0;

  /** After so many instructions a module is compiled a second time. */
  constructor(table: WebAssembly.Table, hotInstructions = HOT_INSTRUCTIONS) {
    this.#table = table;
    this.#hotInstructions = hotInstructions;
  }

  /** Modules compiled by this process; restored ones count when they are called. */
  get count(): number {
    return this.#count;
  }

  /** Those compiled a second time. */
  get optimised(): number {
    return this.#secondTier?.count ?? 0;
  }

  /** Wall time spent on them, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Generated modules import v86's own functions; they exist once the processor does. */
  attach(cpu: Cpu): void {
    this.#imports = cpu.jit_imports;
    this.#secondTier = new SecondTier(this.#imports['m'] as WebAssembly.Memory, this.#hotInstructions);
  }

  /** Takes a module that v86 has just written to `bytes` (which is copied). */
  finalize(announcement: Announcement, bytes: Uint8Array): void {
    assert(this.#pending === null, 'v86 has one compilation under way at most');
    this.#install(announcement[0], bytes.slice());
    this.#pending = announcement;
  }

  /** Tells v86 about the finished module. Only between calls of `main_loop`: inside, v86 holds a lock. */
  publish(announce: (index: number, start: number, flags: number) => void): void {
    if (this.#pending === null) return;
    const [index, start, flags] = this.#pending;
    this.#pending = null;
    announce(index, start, flags);
  }

  clear(index: number): void {
    this.#put(index, null);
    this.#live.delete(index);
  }

  clearAll(): void {
    for (let index = 0; index < TABLE_GENERATED_COUNT; index += 1) this.clear(index);
  }

  /** Every live module, by table index. */
  modules(): LiveModule[] {
    return [...this.#live].map(([index, bytes]) => ({ index, bytes })).sort((a, b) => a.index - b.index);
  }

  /** Takes on a snapshot's modules. One that is none is found out when it is called. */
  restore(modules: readonly LiveModule[]): void {
    assert(this.#pending === null, 'restored between epochs');
    this.clearAll();
    for (const { index, bytes } of modules) this.#installWhenCalled(index, bytes);
  }

  #installWhenCalled(index: number, bytes: Uint8Array<ArrayBuffer>): void {
    wrap ??= new WebAssembly.Module(WRAP);
    const f: Generated = (flags) => this.#install(index, bytes)(flags);
    this.#put(index, new WebAssembly.Instance(wrap, { e: { f } }).exports['f'] as Generated);
    this.#live.set(index, bytes);
  }

  #install(index: number, bytes: Uint8Array<ArrayBuffer>): Generated {
    assert(this.#secondTier !== null, 'there is a processor');
    const begin = performance.now();
    const f = this.#instantiate(compileQuickly(bytes));
    const watched = this.#secondTier.watch(bytes, f, (optimised) => {
      // Its place may have been given to another one meanwhile.
      if (this.#live.get(index) === bytes) this.#put(index, this.#instantiate(optimised));
    });
    this.#put(index, watched);
    this.#live.set(index, bytes);
    this.#count += 1;
    this.#ms += performance.now() - begin;
    return watched;
  }

  #instantiate(module: WebAssembly.Module): Generated {
    return new WebAssembly.Instance(module, { e: this.#imports }).exports['f'] as Generated;
  }

  #put(index: number, f: Generated | null): void {
    assert(Number.isInteger(index) && index >= 0 && index < TABLE_GENERATED_COUNT, 'table index in range');
    this.#table.set(index + TABLE_GENERATED_START, f);
  }
}
