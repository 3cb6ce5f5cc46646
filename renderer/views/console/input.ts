/**
 * Keyboard and mouse of a focused console, as console input up the `screen` topic.
 *
 * Invariant: nothing is sent unless the console has the focus; when it loses it, or is not seen any more, every key and
 * button is released. Where the pointer is travels beside how far it moved: a guest takes the one that it knows.
 */
import { useEffect, useState, type RefObject } from 'react';
import { encodeConsoleInput, PLACE_MAX, SCANCODES_MAX, type PointerPlace } from '../../../preload/contract/input.ts';
import { GuestKeyboard, type KeyOutcome } from './keyboard.ts';

export interface ConsoleInputOptions {
  readonly send: (bytes: Uint8Array) => void;
  /** CSS pixels a guest pixel. */
  readonly scale: () => number;
  readonly local: (what: 'fullScreen' | 'ctrlAltDel') => void;
}

/** True while the keyboard goes to the guest. */
export function useConsoleInput(
  canvas: RefObject<HTMLCanvasElement | null>,
  enabled: boolean,
  options: RefObject<ConsoleInputOptions>,
): boolean {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const element = canvas.current;
    if (!element || !enabled) return;
    const abort = new AbortController();
    const focused = () => document.activeElement === element;
    const stopKeyboard = listenToKeyboard(element, options, abort.signal);
    const stopMouse = listenToMouse(element, options, abort.signal);
    const release = () => {
      stopKeyboard();
      stopMouse();
      setHeld(false);
    };
    element.addEventListener('focus', () => setHeld(true), { signal: abort.signal });
    element.addEventListener('blur', release, { signal: abort.signal });
    document.addEventListener('visibilitychange', () => document.hidden && element.blur(), { signal: abort.signal });
    if (focused()) setHeld(true);
    return () => {
      release();
      abort.abort();
    };
  }, [canvas, enabled, options]);
  return held;
}

function listenToKeyboard(
  element: HTMLCanvasElement,
  options: RefObject<ConsoleInputOptions>,
  signal: AbortSignal,
): () => void {
  const keyboard = new GuestKeyboard(/Mac/.test(navigator.platform));
  const sendCodes = (codes: readonly number[]) => {
    for (let at = 0; at < codes.length; at += SCANCODES_MAX) {
      const part = Uint8Array.from(codes.slice(at, at + SCANCODES_MAX));
      options.current.send(encodeConsoleInput({ kind: 'keys', codes: part }));
    }
  };
  const act = (outcome: KeyOutcome) => {
    if (outcome.kind === 'send') sendCodes(outcome.codes);
    if (outcome.kind !== 'local') return;
    if (outcome.what === 'release') {
      if (document.pointerLockElement === element) document.exitPointerLock();
      element.blur();
      return;
    }
    sendCodes(keyboard.releaseAll());
    options.current.local(outcome.what);
  };
  const onKey = (event: KeyboardEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const down = { ctrl: event.ctrlKey, alt: event.altKey, shift: event.shiftKey, meta: event.metaKey };
    act(keyboard.key({ code: event.code, pressed: event.type === 'keydown', down }));
  };
  element.addEventListener('keydown', onKey, { signal });
  element.addEventListener('keyup', onKey, { signal });
  return () => sendCodes(keyboard.releaseAll());
}

/** Movement is collected and sent once a frame; a click on an unfocused console only gives it the focus. */
function listenToMouse(
  element: HTMLCanvasElement,
  options: RefObject<ConsoleInputOptions>,
  signal: AbortSignal,
): () => void {
  let dx = 0;
  let dy = 0;
  let wheel = 0;
  let buttons = 0;
  let frame = 0;
  let focusing = false;
  let place: PointerPlace | null = null;
  const flush = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    const scale = options.current.scale();
    const move = { dx: Math.trunc(dx / scale), dy: Math.trunc(dy / scale) };
    const at = place ? { at: place } : {};
    options.current.send(encodeConsoleInput({ kind: 'mouse', ...move, wheel, buttons, ...at }));
    dx -= move.dx * scale;
    dy -= move.dy * scale;
    wheel = 0;
  };
  const focused = () => document.activeElement === element;
  const onPointer = (event: PointerEvent) => {
    if (event.type === 'pointerdown' && !focused()) {
      focusing = true;
      element.focus({ preventScroll: true });
      return;
    }
    if (focusing) {
      focusing = event.buttons !== 0;
      return;
    }
    if (!focused()) return;
    dx += event.movementX;
    dy += event.movementY;
    place = placeOf(event, element, place);
    if (event.type === 'pointerdown') element.setPointerCapture(event.pointerId);
    if (event.buttons === buttons) frame ||= requestAnimationFrame(flush);
    else {
      buttons = event.buttons & 7;
      flush();
    }
  };
  const onWheel = (event: WheelEvent) => {
    if (!focused()) return;
    event.preventDefault();
    wheel += Math.sign(event.deltaY);
    frame ||= requestAnimationFrame(flush);
  };
  for (const type of ['pointerdown', 'pointermove', 'pointerup'] as const) {
    element.addEventListener(type, onPointer, { signal });
  }
  element.addEventListener('wheel', onWheel, { signal, passive: false });
  element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  return () => {
    cancelAnimationFrame(frame);
    frame = 0;
    dx = dy = wheel = 0;
    if (buttons !== 0) {
      buttons = 0;
      flush();
    }
  };
}

/** Over the whole picture; a captured pointer has no place, so it is moved by hand from where it was. */
function placeOf(event: PointerEvent, element: HTMLCanvasElement, before: PointerPlace | null): PointerPlace {
  const box = element.getBoundingClientRect();
  const part = (offset: number, size: number) =>
    Math.max(0, Math.min(PLACE_MAX, Math.round((offset / size) * PLACE_MAX)));
  if (document.pointerLockElement === element && before) {
    const x = part((before.x / PLACE_MAX) * box.width + event.movementX, box.width);
    return { x, y: part((before.y / PLACE_MAX) * box.height + event.movementY, box.height) };
  }
  return { x: part(event.clientX - box.left, box.width), y: part(event.clientY - box.top, box.height) };
}
