/**
 * Work that takes longer than a guest may stand still, in pieces of about a millisecond each.
 *
 * Invariant: between two pieces anything else may happen; what comes out is the same however they are spread.
 */

/** Each `yield` is the end of a piece. */
export type Pieces<T> = Generator<undefined, T, undefined>;

/** Does all of it now. */
export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Does a piece at a time, and lets the event loop turn between two of them. @throws what the work throws. */
export async function inPieces<T>(work: Pieces<T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
