/**
 * Random tests: every run draws a new seed, says it when a property fails, and can be repeated.
 *
 * Invariant: `LOCKSTEP_SEED=n` makes every property draw what the run that printed n drew.
 */
import fc from 'fast-check';

const chosen = process.env['LOCKSTEP_SEED'];

/** The seed of this process's random tests. */
export const seed = chosen === undefined ? Date.now() % 2 ** 31 : Number(chosen);

/** Checks the property. The error of one that fails ends with the seed and how to repeat it. */
export function holds<T>(property: fc.IPropertyWithHooks<T>, runs = 200): void {
  try {
    fc.assert(property, { seed, numRuns: runs });
  } catch (error) {
    throw repeatable(error);
  }
}

/** The same for a property that takes its time. */
export async function holdsAsync<T>(property: fc.IAsyncPropertyWithHooks<T>, runs = 50): Promise<void> {
  try {
    await fc.assert(property, { seed, numRuns: runs });
  } catch (error) {
    throw repeatable(error);
  }
}

function repeatable(error: unknown): Error {
  const { message, cause } = error as Error;
  return new Error(`${message}\nRepeat it with LOCKSTEP_SEED=${seed}`, { cause });
}
