/**
 * A guest's screen on a canvas: the topic `screen` decoded into a model, the model painted at most once a frame.
 *
 * Invariant: the canvas always has the guest's own size in pixels, one for one; how large it looks is the view's
 * affair. What was painted last stays when the screen ends. The host is told what was painted, and sends no more than
 * that: a page that is not drawn gets nothing.
 */
import { useEffect, useRef, useState, type RefObject } from 'react';
import { encodeSeen } from '../../../preload/contract/input.ts';
import { decodeScreen } from '../../../preload/contract/screen.ts';
import { ScreenModel } from '../../../preload/contract/screen-model.ts';
import type { Bridge, Subscription } from '../../host/bridge.ts';
import { useServices } from '../../services.ts';

export interface GuestSize {
  readonly width: number;
  readonly height: number;
}

export interface ScreenState {
  /** Null until something was painted. */
  readonly size: GuestSize | null;
  readonly blank: boolean;
  /** There is text that can be copied. */
  readonly text: boolean;
}

export interface GuestScreen extends ScreenState {
  /** For console input; null while there is no subscription. */
  readonly subscription: RefObject<Subscription | null>;
  /** What was painted last, as text. */
  readonly model: RefObject<ScreenModel>;
}

/** The VGA blinks characters and the cursor about twice a second. */
const BLINK_MS = 267;

const NOTHING: ScreenState = { size: null, blank: false, text: false };

/** Paints the VM's screen on the canvas while `live`. `restart` makes a new subscription when it changes. */
export function useGuestScreen(
  canvas: RefObject<HTMLCanvasElement | null>,
  vm: string,
  live: boolean,
  restart: unknown,
): GuestScreen {
  const { bridge } = useServices();
  const subscription = useRef<Subscription>(null);
  const model = useRef(new ScreenModel());
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    const element = canvas.current;
    if (!live || !element) return;
    const painter = paintScreen(bridge, vm, { canvas: element, model }, setState);
    subscription.current = painter.subscription;
    return () => {
      subscription.current = null;
      painter.stop();
    };
  }, [bridge, canvas, vm, live, restart]);
  return { ...state, subscription, model };
}

interface Target {
  readonly canvas: HTMLCanvasElement;
  readonly model: RefObject<ScreenModel>;
}

function paintScreen(bridge: Bridge, vm: string, { canvas, model }: Target, onState: (state: ScreenState) => void) {
  let frame = 0;
  let state = NOTHING;
  let blank = false;
  let blinkOff = false;
  let unseen = 0;
  const paint = () => {
    frame = 0;
    if (!blank) putPixels(canvas, model.current, blinkOff);
    if (unseen > 0) subscription.send(encodeSeen(unseen));
    unseen = 0;
    const size = blank ? state.size : { width: canvas.width, height: canvas.height };
    const next = { size, blank, text: model.current.kind === 'text' };
    if (sameState(state, next)) return;
    state = next;
    onState(state);
  };
  const blink = setInterval(() => {
    if (model.current.kind !== 'text' || document.hidden) return;
    blinkOff = !blinkOff;
    frame ||= requestAnimationFrame(paint);
  }, BLINK_MS);
  const subscription = bridge.subscribe(
    'screen',
    { vm },
    {
      begin: () => {
        model.current = new ScreenModel();
        unseen = 0;
      },
      bytes: (bytes) => {
        const update = decodeScreen(bytes);
        blank = update.kind === 'blank';
        model.current.apply(update);
        blinkOff = false;
        unseen += 1;
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

function sameState(one: ScreenState, other: ScreenState): boolean {
  const sameSize = one.size?.width === other.size?.width && one.size?.height === other.size?.height;
  return sameSize && one.blank === other.blank && one.text === other.text;
}

/** Paints what has changed; everything where the canvas is new, since setting its size empties it. */
function putPixels(canvas: HTMLCanvasElement, model: ScreenModel, blinkOff: boolean): void {
  const { width, height, rgba, changed } = model.takeChanges(blinkOff);
  const resized = canvas.width !== width || canvas.height !== height;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const part = resized ? { x: 0, y: 0, width, height } : changed;
  if (!part) return;
  const image = new ImageData(rgba, width, height);
  canvas.getContext('2d', { alpha: false })?.putImageData(image, 0, 0, part.x, part.y, part.width, part.height);
}
