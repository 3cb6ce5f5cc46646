/**
 * Fingerprints of a machine's state, to compare two machines at the same epoch.
 *
 * Invariant: equal states have equal hashes; nothing of the host enters.
 */
import { createHash } from 'node:crypto';
import { OFFSET } from './v86-types.ts';

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/**
 * Registers, flags, segments, control registers, the instruction counter and the clock: a difference anywhere in the
 * guest reaches these within few epochs. Microseconds.
 */
export function hashProcessor(words: Uint32Array, clockNs: number): string {
  let low = FNV_OFFSET;
  let high = FNV_OFFSET ^ 0x5555_5555;
  const mix = (word: number) => {
    low = Math.imul(low ^ word, FNV_PRIME);
    low ^= low >>> 15;
    high = Math.imul(high ^ low, FNV_PRIME);
    high ^= high >>> 13;
  };
  for (let index = OFFSET.registers >> 2; index < OFFSET.registersEnd >> 2; index += 1) mix(words[index] ?? 0);
  for (let index = OFFSET.segments >> 2; index < OFFSET.segmentsEnd >> 2; index += 1) mix(words[index] ?? 0);
  mix(clockNs % 0x1_0000_0000);
  mix(Math.floor(clockNs / 0x1_0000_0000));
  return hexadecimal(high) + hexadecimal(low);
}

/** SHA-256 over all of `parts`, one after the other, each with its length. */
export function hashBytes(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part.length}:`);
    hash.update(part);
  }
  return hash.digest('hex');
}

function hexadecimal(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
