/**
 * The second tier: generated modules that stay hot are compiled once more, by V8's optimising compiler and beside the
 * guest, and take the place of what the baseline compiler made.
 *
 * A module is watched by a small function before it, which adds up the instructions that were executed in it: v86's own
 * count, read before and after. V8's own count (its tiering budget) is of bytes of code jumped over: it finds nearly
 * every module hot, and spends more on compiling than the guest gets back.
 *
 * Invariants: nothing that a guest can observe depends on which compiler made a module: generated modules hold no
 * floating-point arithmetic, in which the two differ, and are exchanged between two epochs. So primary and backup each
 * do it in their own time, and neither log nor snapshot knows of it. One is compiled at a time, since the compiler's
 * memory grows with the module's size.
 */
import { OFFSET } from './v86-types.ts';
import { from, sized, wasmModule } from './wasm-bytes.ts';

/** A generated function, called with v86's state flags. */
export type Generated = (flags: number) => void;

/**
 * A module is hot when so many instructions were executed in it: a quarter of a second of a guest that computes. The
 * quicker code would by then have saved about what the second compilation costs (20 to 300 ms): whatever the guest does
 * next, at most twice of that is lost.
 */
export const HOT_INSTRUCTIONS = 100_000_000;
/** Larger ones stay as they are: the optimising compiler takes 600 bytes of memory for each of theirs. */
const MODULE_BYTES_MAX = 160_000;
/** An empty custom section. V8 gives the same machine code for the same bytes: with this they are others. */
const ANOTHER = Uint8Array.of(0, 2, 1, 0x32);

const INSTRUCTIONS = [0x41, 0, 0x28, 2, (OFFSET.instructions & 0x7f) | 0x80, OFFSET.instructions >> 7];

/**
 * The function that watches a module: it calls the module's (`f`), counts down how many instructions are left until
 * that is hot, and says so (`h`) when none is. The count wraps, as v86's does.
 * ```wat
 * (module
 *   (type (func (param i32)))
 *   (type (func))
 *   (import "e" "f" (func (type 0)))
 *   (import "e" "h" (func (type 1)))
 *   (import "e" "m" (memory 0))
 *   (import "e" "n" (global i32))
 *   (func (type 0) (local i32)
 *     (local.set 1 (i32.load offset=664 (i32.const 0)))
 *     (call 0 (local.get 0))
 *     (global.set 1 (local.tee 1
 *       (i32.add (global.get 1) (i32.sub (local.get 1) (i32.load offset=664 (i32.const 0))))))
 *     (if (i32.lt_s (local.get 1) (i32.const 0))
 *       (then (global.set 1 (i32.const 0x7fffffff)) (call 1))))
 *   (global (mut i32) (global.get 0))
 *   (export "f" (func 2)))
 * ```
 */
export const WATCH = wasmModule([
  [1, [2, 0x60, 1, 0x7f, 0, 0x60, 0, 0]],
  [2, [4], from('f', [0, 0]), from('h', [0, 1]), from('m', [2, 0, 0]), from('n', [3, 0x7f, 0])],
  [3, [1, 0]],
  [6, [1, 0x7f, 1, 0x23, 0, 0x0b]],
  [7, [1, 1, 0x66, 0, 2]],
  [
    10,
    [1],
    sized(
      [1, 1, 0x7f],
      [...INSTRUCTIONS, 0x21, 1, 0x20, 0, 0x10, 0],
      [0x23, 1, 0x20, 1, ...INSTRUCTIONS, 0x6b, 0x6a, 0x22, 1, 0x24, 1],
      [0x20, 1, 0x41, 0, 0x48, 0x04, 0x40, 0x41, 0xff, 0xff, 0xff, 0xff, 7, 0x24, 1, 0x10, 1, 0x0b, 0x0b],
    ),
  ],
]);

let watch: WebAssembly.Module | null = null;

interface Hot {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly done: (module: WebAssembly.Module) => void;
}

export class SecondTier {
  readonly #memory: WebAssembly.Memory;
  readonly #hotInstructions: number;
  readonly #waiting: Hot[] = [];
  #compiling = false;
  #count = 0;

  /** `memory`: v86's, where it counts instructions. `hotInstructions`: 1 to 2^31 - 1. */
  constructor(memory: WebAssembly.Memory, hotInstructions: number) {
    this.#memory = memory;
    this.#hotInstructions = hotInstructions;
  }

  /** Modules compiled a second time. */
  get count(): number {
    return this.#count;
  }

  /** The function to be called instead of `f`. `done` gets the second compilation, between two epochs, if it is hot. */
  watch(bytes: Uint8Array<ArrayBuffer>, f: Generated, done: (module: WebAssembly.Module) => void): Generated {
    if (bytes.length > MODULE_BYTES_MAX) return f;
    watch ??= new WebAssembly.Module(WATCH);
    let known = false;
    const hot = (): void => {
      if (known) return;
      known = true;
      this.#waiting.push({ bytes, done });
      if (!this.#compiling) void this.#compile();
    };
    const e = { f, h: hot, m: this.#memory, n: this.#hotInstructions };
    return new WebAssembly.Instance(watch, { e }).exports['f'] as Generated;
  }

  async #compile(): Promise<void> {
    this.#compiling = true;
    for (let hot = this.#waiting.shift(); hot; hot = this.#waiting.shift()) {
      const bytes = new Uint8Array(hot.bytes.length + ANOTHER.length);
      bytes.set(hot.bytes);
      bytes.set(ANOTHER, hot.bytes.length);
      // In threads of V8's own; where it cannot be (no memory), the module stays as it is.
      const module = await WebAssembly.compile(bytes).catch(() => null);
      if (!module) continue;
      hot.done(module);
      this.#count += 1;
    }
    this.#compiling = false;
  }
}
