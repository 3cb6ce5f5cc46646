/**
 * How large a guest's screen is shown.
 *
 * Invariant: pure; a scale of whole device pixels is used wherever the screen fits, so that text stays sharp; a screen
 * that does not fit is shrunk smoothly. Sizes are CSS pixels.
 */
import type { GuestSize } from './screen.ts';

export interface Shown {
  readonly width: number;
  readonly height: number;
  /** CSS pixels a guest pixel. */
  readonly scale: number;
  readonly sharp: boolean;
}

/** `fit` fills the space even where that is not a whole number of device pixels. */
export function showAt(guest: GuestSize, space: GuestSize, pixelRatio: number, fit: boolean): Shown {
  const largest = Math.min(space.width / guest.width, space.height / guest.height);
  const wholes = Math.floor(largest * pixelRatio);
  const sharp = wholes >= 1 && (!fit || wholes === largest * pixelRatio);
  const scale = sharp ? wholes / pixelRatio : Math.max(largest, 0.05);
  return { width: guest.width * scale, height: guest.height * scale, scale, sharp };
}
