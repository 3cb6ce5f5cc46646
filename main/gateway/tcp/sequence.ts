/**
 * Sequence numbers without their wrap: inside, an octet of a stream is known by its position, a number that only
 * grows (0 is the SYN, 1 the first byte of data); the 32 bits of the wire exist at the border only.
 *
 * Invariant: positions stay below 2^53, so all comparisons are those of ordinary numbers.
 */

/** The 32 bits that name this position in a stream that began with `initial`. */
export function sequenceOf(initial: number, position: number): number {
  return (initial + position) >>> 0;
}

/** Which position these 32 bits name: of all that they could, the one nearest to `near`. */
export function positionOf(initial: number, sequence: number, near: number): number {
  return near + ((sequence - (initial + near)) | 0);
}
