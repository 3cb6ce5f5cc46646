/** Targets that fail in every way that a target can: what the fuzzer must find, and tell. */
import type { Room, Target } from './target.ts';

const named = (name: string, run: Room['run']): Target => ({
  name,
  about: 'made to fail',
  samples: async () => [Uint8Array.of(1, 2, 3)],
  open: async () => ({ run }),
});

/** What piles up. */
const kept: number[][] = [];

export const TARGETS: readonly Target[] = [
  named('good', (input) => input.length % 2 === 0),
  named('throws', (input) => {
    if (input.length > 3) throw new TypeError(`no room for ${input.length}`);
    return true;
  }),
  named('rejects', () => {
    void Promise.reject(new Error('nobody waits for this'));
    return true;
  }),
  named('allocates', () => new Uint8Array(64 << 20).length > 0),
  named('piles up', () => {
    for (;;) kept.push(Array.from({ length: 1000 }, () => Math.sqrt(kept.length)));
  }),
  named('loops', () => {
    for (;;);
  }),
];
