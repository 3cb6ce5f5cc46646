/**
 * How large a guest's screen is shown.
 *
 * Invariant: pure; with `whole` a scale of whole device pixels is used wherever the screen fits, so that text stays
 * sharp; a screen that does not fit is shrunk smoothly. Sizes are CSS pixels.
 */
import type { GuestSize } from './screen.ts';

/** Whole pixels only; or all the space there is, with pixels as squares or smoothed. */
export const SCALINGS = ['whole', 'sharp', 'smooth'] as const;
export type Scaling = (typeof SCALINGS)[number];

export interface Shown {
  readonly width: number;
  readonly height: number;
  /** CSS pixels a guest pixel. */
  readonly scale: number;
  readonly sharp: boolean;
}

export function showAt(guest: GuestSize, space: GuestSize, pixelRatio: number, scaling: Scaling): Shown {
  const largest = Math.min(space.width / guest.width, space.height / guest.height);
  const wholes = Math.floor(largest * pixelRatio);
  const whole = wholes >= 1 && (scaling === 'whole' || wholes === largest * pixelRatio);
  const scale = whole ? wholes / pixelRatio : Math.max(largest, 0.05);
  // Pixels left out would break letters: what is shrunk is smoothed, whatever was chosen.
  const sharp = whole || (scaling === 'sharp' && largest * pixelRatio > 1);
  return { width: guest.width * scale, height: guest.height * scale, scale, sharp };
}

const KEY = 'lockstep.scaling';

/** What was chosen last in this browser. */
export function readScaling(): Scaling {
  try {
    const kept = localStorage.getItem(KEY);
    return SCALINGS.find((scaling) => scaling === kept) ?? 'whole';
  } catch {
    return 'whole'; // storage is switched off in this browser
  }
}

export function keepScaling(scaling: Scaling): void {
  try {
    localStorage.setItem(KEY, scaling);
  } catch {
    // The choice then lasts as long as the console is open.
  }
}
