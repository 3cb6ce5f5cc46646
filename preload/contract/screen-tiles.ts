/**
 * The pixels of a tile as bytes: with a palette where it has at most 256 colours, else as they are.
 *
 * Invariant: `unpackPixels(packPixels(x))` is x with alpha 255; what unpacking allocates is at most four times the
 * bytes it was given. Layout: number of colours u16 (0: no palette), its colours of 4 bytes (red first), then one byte
 * a pixel; without a palette, 4 bytes a pixel, since copying a byte costs less than taking it out.
 */

const COLOURS_MAX = 256;
/** Twice as many places as colours: a search is short. */
const PLACES = 512;
const OPAQUE = 0xff00_0000;
const COUNT_BYTES = 2;

/** Of `packPixels`: colours are words, red lowest, as in memory. */
export interface PackedPixels {
  readonly words: Uint32Array;
  readonly colours: Uint32Array;
  /** Indices of colours; null where there are too many of these. */
  readonly indices: Uint8Array | null;
}

const keys = new Uint32Array(PLACES);
const slots = new Int16Array(PLACES);
const found = new Uint32Array(COLOURS_MAX);

/** `rgba`: 4 bytes a pixel; a copy is made where it is not aligned. */
export function packPixels(rgba: Uint8Array): PackedPixels {
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : rgba.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, rgba.length >> 2);
  const indices = new Uint8Array(words.length);
  slots.fill(-1);
  let count = 0;
  let last = -1;
  let lastSlot = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as number;
    if (word !== last) {
      let place = Math.imul(word, 0x9e37_79b1) >>> 23;
      while (slots[place] !== -1 && keys[place] !== word) place = (place + 1) & (PLACES - 1);
      if (slots[place] === -1) {
        if (count === COLOURS_MAX) return { words, colours: found.subarray(0, 0), indices: null };
        keys[place] = word;
        slots[place] = count;
        found[count] = word;
        count += 1;
      }
      last = word;
      lastSlot = slots[place] as number;
    }
    indices[at] = lastSlot;
  }
  return { words, colours: found.slice(0, count), indices };
}

/** How many bytes `writePixels` writes. */
export function packedBytes({ words, colours, indices }: PackedPixels): number {
  return COUNT_BYTES + (indices === null ? words.byteLength : colours.byteLength + indices.length);
}

/** @returns where the next byte goes. */
export function writePixels(bytes: Uint8Array, start: number, { words, colours, indices }: PackedPixels): number {
  bytes[start] = colours.length & 0xff;
  bytes[start + 1] = colours.length >> 8;
  const written = indices === null ? words : colours;
  const at = start + COUNT_BYTES;
  bytes.set(new Uint8Array(written.buffer, written.byteOffset, written.byteLength), at);
  if (indices !== null) bytes.set(indices, at + written.byteLength);
  return at + written.byteLength + (indices?.length ?? 0);
}

/**
 * Reads `count` pixels. @returns 4 bytes each, and where the next byte is.
 * @throws {RangeError} that says what is wrong.
 */
export function unpackPixels(bytes: Uint8Array, start: number, count: number): { rgba: Uint8Array; next: number } {
  const colours = (bytes[start] ?? 0) | ((bytes[start + 1] ?? 0) << 8);
  if (colours > COLOURS_MAX) throw new RangeError(`screen update: a palette of ${colours} colours is unknown`);
  const length = COUNT_BYTES + (colours === 0 ? count * 4 : colours * 4 + count);
  const left = bytes.length - start;
  if (length > left) throw new RangeError(`screen update: ${length} bytes should follow, ${left} do`);
  const pixels = start + COUNT_BYTES;
  const coloursRead = opaqueWords(bytes, pixels, colours === 0 ? count : colours);
  const words = colours === 0 ? coloursRead : paint(coloursRead, bytes, pixels + colours * 4, count);
  return { rgba: new Uint8Array(words.buffer), next: start + length };
}

/** `slice` makes a copy that is aligned. */
function opaqueWords(bytes: Uint8Array, start: number, count: number): Uint32Array {
  const words = new Uint32Array(bytes.slice(start, start + count * 4).buffer);
  for (let at = 0; at < words.length; at += 1) words[at] = (words[at] as number) | OPAQUE;
  return words;
}

function paint(palette: Uint32Array, bytes: Uint8Array, start: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let at = 0; at < count; at += 1) {
    const index = bytes[start + at] as number;
    if (index >= palette.length) {
      throw new RangeError(`screen update: colour ${index} of ${palette.length} does not exist`);
    }
    words[at] = palette[index] as number;
  }
  return words;
}
