/**
 * Frames over a byte stream as QEMU does it (`-netdev stream`, and passt): 32 bits of length in network byte order,
 * then the frame.
 *
 * Invariant: a length beyond FRAME_BYTES_MAX ends the stream before anything is allocated for it; no more than one
 * frame and one piece of the stream is kept.
 */
import { FRAME_BYTES_MAX } from './ethernet.ts';
import { viewOf } from './view.ts';

const LENGTH_BYTES = 4;

export function serializeStreamFrame(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  viewOf(bytes).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}

/** Cuts a stream into frames. Pieces are joined once, when the frame that they are of is whole. */
export class StreamFrames {
  #pieces: Uint8Array[] = [];
  #length = 0;
  #needed = LENGTH_BYTES;
  #broken = false;

  /** @returns the frames that became whole (views), or null when the peer announced a frame that is none. */
  push(bytes: Uint8Array): Uint8Array[] | null {
    if (this.#broken) return null;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return [];
    let rest = this.#pieces.length === 1 ? bytes : Buffer.concat(this.#pieces, this.#length);
    const frames: Uint8Array[] = [];
    this.#needed = LENGTH_BYTES;
    while (rest.length >= LENGTH_BYTES) {
      const length = viewOf(rest).getUint32(0);
      if (length > FRAME_BYTES_MAX) {
        this.#broken = true;
        this.#pieces = [];
        return null;
      }
      this.#needed = LENGTH_BYTES + length;
      if (rest.length < this.#needed) break;
      frames.push(rest.subarray(LENGTH_BYTES, this.#needed));
      rest = rest.subarray(this.#needed);
      this.#needed = LENGTH_BYTES;
    }
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return frames;
  }
}
