/**
 * A graphics mode's picture: composed from v86's layers, compared tile by tile with the one before.
 *
 * Invariant: a picture is `width * height` pixels of 4 bytes, red first, alpha 255; nothing outside linear memory or
 * the picture is read or written, whatever sizes the guest or a snapshot claims.
 */
import type { GraphicsUpdate } from '../../../preload/contract/screen.ts';
import type { VgaLayer } from '../v86-types.ts';

export interface Picture {
  readonly kind: 'graphics';
  readonly width: number;
  readonly height: number;
  /** One word a pixel: red in the lowest byte. */
  readonly pixels: Uint32Array;
}

const TILE_PIXELS = 64;
const OPAQUE = 0xff00_0000;

/** Draws `layers` like a canvas's `putImageData` with a dirty rectangle; into `spare`'s memory where that fits. */
export function composePicture(
  memory: ArrayBuffer,
  { width, height }: { readonly width: number; readonly height: number },
  layers: readonly VgaLayer[],
  spare: Picture | null,
): Picture {
  const pixels = (spare?.pixels.length === width * height ? spare.pixels : new Uint32Array(width * height)).fill(
    OPAQUE,
  );
  for (const layer of layers) drawLayer(pixels, width, height, memory, layer);
  return { kind: 'graphics', width, height, pixels };
}

function drawLayer(pixels: Uint32Array, width: number, height: number, memory: ArrayBuffer, layer: VgaLayer): void {
  const image = imageWords(memory, layer);
  if (image === null) return;
  const left = Math.max(0, layer.screen_x);
  const right = Math.min(width, layer.screen_x + Math.min(layer.buffer_width, image.width - layer.buffer_x));
  if (left >= right) return;
  const column = layer.buffer_x + left - layer.screen_x;
  for (let row = 0; row < layer.buffer_height; row += 1) {
    const [from, to] = [layer.buffer_y + row, layer.screen_y + row];
    if (from < 0 || from >= image.height || to < 0 || to >= height) continue;
    const start = from * image.width + column;
    pixels.set(image.words.subarray(start, start + right - left), to * width + left);
  }
}

function imageWords(memory: ArrayBuffer, layer: VgaLayer) {
  // Ours stands for v86's ImageData and says where the pixels are (see VgaImage).
  const image = layer.image_data as unknown as { offset: number; width: number; height: number } | null;
  if (image === null) return null;
  const { offset, width, height } = image;
  const inMemory = offset >= 0 && offset % 4 === 0 && offset + width * height * 4 <= memory.byteLength;
  if (!inMemory) return null;
  return { width, height, words: new Uint32Array(memory, offset, width * height) };
}

/** The tiles of `picture` that differ from `before`, or all of them. */
export function pictureTiles(picture: Picture, before: Picture | null): GraphicsUpdate['tiles'] {
  const tiles: GraphicsUpdate['tiles'][number][] = [];
  for (let y = 0; y < picture.height; y += TILE_PIXELS) {
    for (let x = 0; x < picture.width; x += TILE_PIXELS) {
      const width = Math.min(TILE_PIXELS, picture.width - x);
      const height = Math.min(TILE_PIXELS, picture.height - y);
      if (before !== null && sameTile(picture, before, x, y, width, height)) continue;
      tiles.push({ x, y, width, height, rgba: cut(picture, x, y, width, height) });
    }
  }
  return tiles;
}

function sameTile(left: Picture, right: Picture, x: number, y: number, width: number, height: number): boolean {
  const [now, then, stride] = [left.pixels, right.pixels, left.width];
  for (let row = y; row < y + height; row += 1) {
    const start = row * stride + x;
    for (let at = start; at < start + width; at += 1) if (now[at] !== then[at]) return false;
  }
  return true;
}

function cut(picture: Picture, x: number, y: number, width: number, height: number): Uint8Array {
  const { pixels, width: stride } = picture;
  const words = new Uint32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const from = (y + row) * stride + x;
    const to = row * width;
    for (let column = 0; column < width; column += 1) words[to + column] = (pixels[from + column] as number) | OPAQUE;
  }
  return new Uint8Array(words.buffer);
}
