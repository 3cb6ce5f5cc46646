/**
 * A look at bytes as numbers in network byte order, wherever they lie in a larger buffer.
 *
 * Invariant: nothing is copied.
 */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
