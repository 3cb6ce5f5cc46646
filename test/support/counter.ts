/**
 * The outside observer of a counter on a guest's serial console: it knows nothing of the product but the bytes it
 * prints.
 *
 * Invariant checked: the numbers read are 0, 1, 2, … without a gap, a repeat or a contradiction, whatever happened
 * between.
 */

/** What the guest's shell is told to do. */
export const COUNTER_LOOP = 'i=0; while :; do echo $i; i=$((i+1)); done\n';

/**
 * The first thing that is wrong with the counter's output, in words; null when nothing is. `count` is how far it
 * came.
 */
export function checkCounter(output: string): { wrong: string | null; count: number } {
  const begin = output.indexOf(COUNTER_LOOP.trim());
  // The last line may be half printed.
  const lines = output
    .slice(begin < 0 ? 0 : begin)
    .replaceAll('\r', '')
    .split('\n')
    .slice(1, -1);
  let expected = 0;
  for (const line of lines) {
    if (line !== String(expected)) {
      return { wrong: `after ${expected - 1} came ${JSON.stringify(line)} instead of ${expected}`, count: expected };
    }
    expected += 1;
  }
  return { wrong: null, count: expected };
}
