/**
 * Runs in the page before anything else: looks at every picture that is put on a canvas, for the bench of the display.
 *
 * Invariant: the page does what it does; what is seen is written down after its picture was put. Where the numbers
 * stand in a picture of 640 pixels' width says guest.asm.
 */

export interface Seen {
  /** Of the last picture. */
  width: number;
  /** Different pictures of the graphical guest that were put, and all that it finished. */
  shown: number;
  drawn: number;
  /** Milliseconds from each key to the picture that it changed. */
  delays: number[];
}

declare global {
  interface Window {
    seen: Seen;
  }
}

/** Stands alone: it is sent to the page as text. */
export function watchCanvas(): void {
  const seen: Seen = { width: 0, shown: 0, drawn: 0, delays: [] };
  window.seen = seen;
  let frame = -1;
  let pressedAt: number | null = null;
  let before = 0;
  let now = 0;
  /** What a key changes: one block in graphics, everything in text. */
  const lookFor = (image: ImageData): number => {
    if (image.width === 640) return image.data[0] ?? 0;
    const words = new Uint32Array(image.data.buffer);
    let sum = 0;
    for (let at = 0; at < words.length; at += 1) sum = (Math.imul(sum, 31) + (words[at] ?? 0)) | 0;
    return sum;
  };
  const look = (image: ImageData): void => {
    seen.width = image.width;
    if (image.width === 640) {
      const next = (image.data[64 * 4] ?? 0) >> 2;
      if (frame >= 0 && next !== frame) {
        seen.shown += 1;
        seen.drawn += (next - frame) & 63;
      }
      frame = next;
    }
    now = lookFor(image);
    if (pressedAt !== null && now !== before) {
      seen.delays.push(performance.now() - pressedAt);
      pressedAt = null;
    }
  };
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (
    this: CanvasRenderingContext2D,
    ...put2: Parameters<typeof put>
  ) {
    put.apply(this, put2);
    look(put2[0]);
  } as typeof put;
  window.addEventListener(
    'keydown',
    (event) => {
      before = now;
      pressedAt = event.timeStamp;
    },
    { capture: true },
  );
}
