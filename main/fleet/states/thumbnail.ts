/**
 * A small picture of a VM's screen.
 *
 * Invariant: a VM that shows nothing, or does not answer, has none: nobody waits for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encode as encodePng } from 'fast-png';
import { THUMBNAIL_WIDTH_MAX } from '../../../preload/contract/snapshot.ts';
import { decodeScreen } from '../../../preload/contract/screen.ts';
import { ScreenModel } from '../../../preload/contract/screen-model.ts';
import type { StateOwner } from './state-owner.ts';

/** A primary that hangs is not waited for, in milliseconds. */
const PATIENCE_MS = 500;

/** PNG; null where there is none. */
export async function thumbnailOf(vm: Pick<StateOwner, 'ends'>): Promise<Uint8Array | null> {
  try {
    const message = await Promise.race([vm.ends.screen.picture(), sleep(PATIENCE_MS, null, { ref: false })]);
    if (!message) return null;
    const model = new ScreenModel();
    model.apply(decodeScreen(message));
    return encodePng({ ...reduced(model.pixels()), channels: 4, depth: 8 });
  } catch {
    return null;
  }
}

/** Each pixel is the mean of those it stands for. */
export function reduced({
  width,
  height,
  rgba,
}: {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array | Uint8ClampedArray;
}): { readonly width: number; readonly height: number; readonly data: Uint8Array } {
  const step = Math.max(1, Math.ceil(width / THUMBNAIL_WIDTH_MAX));
  const [columns, rows] = [Math.max(1, Math.floor(width / step)), Math.max(1, Math.floor(height / step))];
  const data = new Uint8Array(columns * rows * 4);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      for (let channel = 0; channel < 4; channel += 1) {
        let sum = 0;
        for (let y = 0; y < step; y += 1) {
          for (let x = 0; x < step; x += 1) {
            sum += rgba[((row * step + y) * width + column * step + x) * 4 + channel] ?? 0;
          }
        }
        data[(row * columns + column) * 4 + channel] = Math.round(sum / (step * step));
      }
    }
  }
  return { width: columns, height: rows, data };
}
