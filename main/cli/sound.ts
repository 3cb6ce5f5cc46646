/**
 * `console sound`: what the guest plays, as a WAV file.
 *
 * Invariant: the file is as long as it took to record it in the guest's time; where the guest was silent, so is the
 * file. It is written as a whole.
 */
import { decodeSound, type SoundMessage } from '../../preload/contract/sound.ts';
import type { Client } from './client.ts';

/** The file's sampling rate: that of a compact disc. */
const RATE = 44_100;
const CHANNELS = 2;
const SAMPLE_BYTES = 2;
const WAV_HEADER_BYTES = 44;
/** A square wave at full loudness is unpleasant beside samples. */
const TONE_AMPLITUDE = 6000;
export const SOUND_SECONDS_MAX = 600;

/**
 * Listens for so many seconds.
 * @throws {Error} what `write` throws: the file cannot be written, or exists.
 */
export async function recordSound(
  client: Client,
  vm: string,
  seconds: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  const messages: SoundMessage[] = [];
  const heard = await new Promise<SoundMessage[]>((resolve, reject) => {
    const timer = setTimeout(() => resolve(messages), seconds * 1000);
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(messages);
    };
    client.subscribe('sound', { vm }, { bytes: (bytes) => void messages.push(decodeSound(bytes)), end });
  });
  await write(wav(mix(heard, seconds)));
  return heard.length;
}

/** Puts sounds on one time line, from the first one on: pairs of samples at `RATE`. */
export function mix(messages: readonly SoundMessage[], seconds: number): Int16Array {
  const line = new Int16Array(Math.ceil(seconds * RATE) * CHANNELS);
  const startMs = messages[0]?.startMs ?? 0;
  const frameOf = (ms: number): number => Math.round(((ms - startMs) / 1000) * RATE);
  const tones = messages.filter((message) => message.kind === 'tone');
  for (const [index, tone] of tones.entries()) {
    const next = tones[index + 1];
    if (tone.hertz > 0)
      addTone(line, tone.hertz, frameOf(tone.startMs), next ? frameOf(next.startMs) : line.length / 2);
  }
  for (const message of messages) {
    if (message.kind === 'samples') addSamples(line, message, frameOf(message.startMs));
  }
  return line;
}

function addTone(line: Int16Array, hertz: number, from: number, to: number): void {
  for (let frame = Math.max(0, from); frame < Math.min(to, line.length / CHANNELS); frame += 1) {
    const high = Math.floor(((frame - from) * hertz * 2) / RATE) % 2 === 0;
    add(line, frame * CHANNELS, high ? TONE_AMPLITUDE : -TONE_AMPLITUDE);
    add(line, frame * CHANNELS + 1, high ? TONE_AMPLITUDE : -TONE_AMPLITUDE);
  }
}

function addSamples(line: Int16Array, sound: Extract<SoundMessage, { kind: 'samples' }>, from: number): void {
  const frames = Math.floor((sound.samples.length / CHANNELS) * (RATE / sound.rate));
  for (let frame = 0; frame < frames; frame += 1) {
    const source = Math.floor((frame * sound.rate) / RATE) * CHANNELS;
    add(line, (from + frame) * CHANNELS, sound.samples[source] ?? 0);
    add(line, (from + frame) * CHANNELS + 1, sound.samples[source + 1] ?? 0);
  }
}

function add(line: Int16Array, at: number, sample: number): void {
  if (at >= 0 && at < line.length) line[at] = Math.max(-32_768, Math.min(32_767, (line[at] ?? 0) + sample));
}

/** A WAV file (RIFF, PCM, 16 bits, stereo). */
export function wav(samples: Int16Array): Uint8Array {
  const bytes = Buffer.alloc(WAV_HEADER_BYTES + samples.length * SAMPLE_BYTES);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(CHANNELS, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * CHANNELS * SAMPLE_BYTES, 28);
  bytes.writeUInt16LE(CHANNELS * SAMPLE_BYTES, 32);
  bytes.writeUInt16LE(SAMPLE_BYTES * 8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(samples.length * SAMPLE_BYTES, 40);
  samples.forEach((sample, index) => bytes.writeInt16LE(sample, WAV_HEADER_BYTES + index * SAMPLE_BYTES));
  return bytes;
}
