/**
 * Sound as bytes: what the guest's loudspeakers play, from the machine down the `sound` topic to whoever listens.
 *
 * Message layouts, little-endian. Samples: kind uint8 (1), start float64, rate uint32, then pairs of int16 (left,
 * right). Tone: kind uint8 (2), start float64, frequency float32 in hertz (0: silence). `start` is the guest's virtual
 * time in milliseconds since power-on, so that a listener can keep pauses and drop what comes late.
 *
 * Invariant: `decodeSound(encodeSound(x))` is x; decoding refuses unknown kinds, wrong lengths and absurd numbers.
 */

/** What the sound card of a PC can do at most, and what a message may carry. */
export const SOUND_RATE_MAX = 96_000;
export const SOUND_FRAMES_MAX = 65_536;
/** Higher tones than anyone hears. */
export const TONE_HZ_MAX = 1_193_182;

export type SoundMessage =
  /** Stereo samples, left and right in turn. */
  | { readonly kind: 'samples'; readonly startMs: number; readonly rate: number; readonly samples: Int16Array }
  /** The PC speaker's square wave from now on; 0 Hz is silence. */
  | { readonly kind: 'tone'; readonly startMs: number; readonly hertz: number };

const SAMPLES = 1;
const TONE = 2;
const SAMPLES_HEADER_BYTES = 13;
const TONE_BYTES = 13;

export function encodeSound(message: SoundMessage): Uint8Array {
  const samples = message.kind === 'samples' ? message.samples : new Int16Array();
  const bytes = new Uint8Array(SAMPLES_HEADER_BYTES + samples.length * 2);
  const view = new DataView(bytes.buffer);
  view.setFloat64(1, message.startMs, true);
  if (message.kind === 'tone') {
    view.setUint8(0, TONE);
    view.setFloat32(9, message.hertz, true);
    return bytes;
  }
  view.setUint8(0, SAMPLES);
  view.setUint32(9, message.rate, true);
  samples.forEach((sample, index) => view.setInt16(SAMPLES_HEADER_BYTES + index * 2, sample, true));
  return bytes;
}

/** @throws {RangeError} that says what is wrong with the message. */
export function decodeSound(bytes: Uint8Array): SoundMessage {
  if (bytes.length < SAMPLES_HEADER_BYTES)
    throw new RangeError(`a sound message of ${bytes.length} bytes is too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const startMs = view.getFloat64(1, true);
  if (!(startMs >= 0 && Number.isFinite(startMs))) throw new RangeError(`sound cannot start at ${startMs} ms`);
  if (bytes[0] === TONE) {
    const hertz = view.getFloat32(9, true);
    if (bytes.length !== TONE_BYTES) throw new RangeError(`a tone has ${TONE_BYTES} bytes, not ${bytes.length}`);
    if (!(hertz >= 0 && hertz <= TONE_HZ_MAX)) throw new RangeError(`a tone of ${hertz} Hz cannot be`);
    return { kind: 'tone', startMs, hertz };
  }
  if (bytes[0] !== SAMPLES) throw new RangeError(`sound of the unknown kind ${bytes[0]}`);
  const rate = view.getUint32(9, true);
  const frames = (bytes.length - SAMPLES_HEADER_BYTES) / 4;
  if (rate === 0 || rate > SOUND_RATE_MAX) throw new RangeError(`a sampling rate of ${rate} Hz cannot be`);
  if (!Number.isInteger(frames) || frames > SOUND_FRAMES_MAX) throw new RangeError(`${frames} samples cannot be`);
  const samples = Int16Array.from({ length: frames * 2 }, (_, index) =>
    view.getInt16(SAMPLES_HEADER_BYTES + index * 2, true),
  );
  return { kind: 'samples', startMs, rate, samples };
}
