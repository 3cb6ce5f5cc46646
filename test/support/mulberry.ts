/**
 * Numbers from a seed (Tommy Ettinger’s mulberry32), for all in the tests that draws without fast-check. The simulator
 * has its own (test/simulation/random.ts): its seeds stand in reports.
 *
 * Invariant: the same seed gives the same numbers, on every computer.
 */

/** Whole numbers of 32 bits, without a sign. */
export function words(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Whole numbers from 0 to below the limit that is given each time. */
export function generator(seed: number): (limit: number) => number {
  const next = words(seed);
  return (limit) => next() % limit;
}

/** Numbers at least 0 and below 1. */
export function seeded(seed: number): () => number {
  const next = words(seed);
  return () => next() / 2 ** 32;
}
