// A queue: it is an array whose beginning is taken away, whatever is done to it in whatever order.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../main/ft/fifo.ts';
import { holds } from '../support/random.ts';

/** So many are pushed (above 0) or taken (below 0) at once; 0: all are forgotten. */
const steps = fc.array(fc.integer({ min: -200, max: 200 }), { maxLength: 30 });

test('a queue gives what was pushed in its order, each item once, and knows how many wait', () => {
  holds(
    fc.property(steps, (counts) => {
      const queue = new Fifo<number>();
      let expected: number[] = [];
      let pushed = 0;
      for (const count of counts) {
        for (let i = 0; i < count; i++) {
          queue.push(pushed);
          expected.push(pushed);
          pushed += 1;
        }
        for (let i = 0; i < -count; i++) expect(queue.shift()).toBe(expected.shift());
        if (count === 0) {
          queue.clear();
          expected = [];
        }
        expect(queue.length).toBe(expected.length);
        expect(queue.first).toBe(expected[0]);
        for (const index of [0, 1, 63, expected.length - 1, expected.length]) {
          if (index >= 0) expect(queue.at(index)).toBe(expected[index]);
        }
      }
    }),
  );
});

test('a long queue is emptied in time proportional to its length', () => {
  const queue = new Fifo<number>();
  const count = 500_000;
  for (let item = 0; item < count; item += 1) queue.push(item);
  const begun = performance.now();
  for (let item = 0; item < count; item += 1) if (queue.shift() !== item) throw new Error(`${item} is missing`);
  // Moving all that is left each time would take minutes.
  expect(performance.now() - begun).toBeLessThan(5000);
});
