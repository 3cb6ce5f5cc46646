/**
 * A guest's screen on a canvas: the topic `screen` decoded into a model, the model painted at most once a frame.
 *
 * Invariant: the canvas always has the guest's own size in pixels, one for one; how large it looks is the view's
 * affair. What was painted last stays when the screen ends.
 */
import { useEffect, useRef, useState, type RefObject } from 'react';
import { decodeScreen } from '../../../preload/screen.ts';
import { ScreenModel } from '../../../preload/screen-model.ts';
import type { Bridge, Subscription } from '../../bridge.ts';
import { useServices } from '../../services.ts';

export interface GuestSize {
  readonly width: number;
  readonly height: number;
}

export interface ScreenState {
  /** Null until something was painted. */
  readonly size: GuestSize | null;
  readonly blank: boolean;
}

export interface GuestScreen extends ScreenState {
  /** For console input; null while there is no subscription. */
  readonly subscription: RefObject<Subscription | null>;
}

/** The VGA blinks characters and the cursor about twice a second. */
const BLINK_MS = 267;

const NOTHING: ScreenState = { size: null, blank: false };

/** Paints the VM's screen on the canvas while `live`. `restart` makes a new subscription when it changes. */
export function useGuestScreen(
  canvas: RefObject<HTMLCanvasElement | null>,
  vm: string,
  live: boolean,
  restart: unknown,
): GuestScreen {
  const { bridge } = useServices();
  const subscription = useRef<Subscription>(null);
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    const element = canvas.current;
    if (!live || !element) return;
    const painter = paintScreen(bridge, vm, element, setState);
    subscription.current = painter.subscription;
    return () => {
      subscription.current = null;
      painter.stop();
    };
  }, [bridge, canvas, vm, live, restart]);
  return { ...state, subscription };
}

function paintScreen(bridge: Bridge, vm: string, canvas: HTMLCanvasElement, onState: (state: ScreenState) => void) {
  let model = new ScreenModel();
  let frame = 0;
  let state = NOTHING;
  let blank = false;
  let blinkOff = false;
  const paint = () => {
    frame = 0;
    if (!blank) putPixels(canvas, model, blinkOff);
    const size = blank ? state.size : { width: canvas.width, height: canvas.height };
    if (size?.width === state.size?.width && size?.height === state.size?.height && blank === state.blank) return;
    state = { size, blank };
    onState(state);
  };
  const blink = setInterval(() => {
    if (model.kind !== 'text' || document.hidden) return;
    blinkOff = !blinkOff;
    frame ||= requestAnimationFrame(paint);
  }, BLINK_MS);
  const subscription = bridge.subscribe(
    'screen',
    { vm },
    {
      begin: () => {
        model = new ScreenModel();
      },
      bytes: (bytes) => {
        const update = decodeScreen(bytes);
        blank = update.kind === 'blank';
        model.apply(update);
        blinkOff = false;
        frame ||= requestAnimationFrame(paint);
      },
    },
  );
  return {
    subscription,
    stop: () => {
      clearInterval(blink);
      cancelAnimationFrame(frame);
      subscription.cancel();
    },
  };
}

function putPixels(canvas: HTMLCanvasElement, model: ScreenModel, blinkOff: boolean): void {
  const { width, height, rgba } = model.pixels(blinkOff);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext('2d', { alpha: false })?.putImageData(new ImageData(rgba, width, height), 0, 0);
}
