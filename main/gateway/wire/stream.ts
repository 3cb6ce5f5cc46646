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

/** Cuts a stream into frames. */
export class StreamFrames {
  #rest: Uint8Array = new Uint8Array();
  #broken = false;

  /** @returns the frames that became whole (views), or null when the peer announced a frame that is none. */
  push(bytes: Uint8Array): Uint8Array[] | null {
    if (this.#broken) return null;
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Uint8Array[] = [];
    while (rest.length >= LENGTH_BYTES) {
      const length = viewOf(rest).getUint32(0);
      if (length > FRAME_BYTES_MAX) {
        this.#broken = true;
        this.#rest = new Uint8Array();
        return null;
      }
      if (rest.length < LENGTH_BYTES + length) break;
      frames.push(rest.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      rest = rest.subarray(LENGTH_BYTES + length);
    }
    this.#rest = rest;
    return frames;
  }
}
