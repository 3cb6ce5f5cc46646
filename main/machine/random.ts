/**
 * All randomness that a guest can observe: xorshift128 (Marsaglia, 2003, "Xorshift RNGs", section 4).
 *
 * Invariant: the sequence depends on the seed and the number of values drawn. It is not for keys: a guest that needs
 * secrets must get entropy through an input.
 */

const STATE_WORDS = 4;

export class VirtualRandom {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    // The constants are Marsaglia's; the state must not be all zero, whatever the seed.
    this.#state = Uint32Array.of(seed, 362_436_069, 521_288_629, 88_675_123);
  }

  /** The next value, a signed 32-bit integer. */
  nextInt(): number {
    const [first = 0, second = 0, third = 0, fourth = 0] = this.#state;
    let next = first ^ (first << 11);
    next ^= next >>> 8;
    next ^= fourth ^ (fourth >>> 19);
    this.#state.set([second, third, fourth, next]);
    return next | 0;
  }

  /** The next value, in [0, 1). */
  nextFraction(): number {
    return (this.nextInt() >>> 0) / 0x1_0000_0000;
  }

  state(): number[] {
    return [...this.#state];
  }

  /** @throws {RangeError} when `words` is not a state of this generator. */
  restore(words: readonly number[]): void {
    if (words.length !== STATE_WORDS || words.every((word) => word === 0)) {
      throw new RangeError(`random state must be ${STATE_WORDS} words, not all zero`);
    }
    this.#state.set(words);
  }
}

/** `Math` with a `random` of ours, to stand for the global one inside v86. */
export function virtualMath(random: VirtualRandom): Math {
  const own: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(Math)) own[name] = Math[name as keyof Math];
  own['random'] = () => random.nextFraction();
  return own as unknown as Math;
}

/** As much of `crypto` as v86 uses. */
export function virtualCrypto(random: VirtualRandom): object {
  return {
    getRandomValues: (array: Int32Array) => {
      for (let index = 0; index < array.length; index += 1) array[index] = random.nextInt();
      return array;
    },
  };
}
