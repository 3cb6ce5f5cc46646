/**
 * The PS/2 mouse: relative movement, wheel, three buttons; and beside it the place of the pointer, for a guest that
 * asks VMware's backdoor for it.
 *
 * Input layout, 6 or 10 bytes, little-endian: dx int16 (right is positive), dy int16 (down is positive), wheel int8
 * (towards the user is positive), buttons uint8 (1 left, 2 right, 4 middle); where the place is known, x and y uint16
 * over the whole screen. Which of both counts is the guest's choice, and so part of the machine's state.
 *
 * Invariant: a movement reaches the guest whole, in as many packets as the PS/2 protocol needs. Packets enter the
 * controller only while it has room; until then the movements wait here, as state.
 */
import type { Bus, Ps2, VmwarePointer } from '../v86-types.ts';

export interface MouseEvent {
  readonly dx: number;
  readonly dy: number;
  readonly wheel: number;
  readonly buttons: number;
  readonly at?: MousePlace;
}

/** 0 to 65535 over the width and the height of the screen. */
export interface MousePlace {
  readonly x: number;
  readonly y: number;
}

export const MOUSE_PLACE_MAX = 65_535;
const MOUSE_INPUT_BYTES = 6;
const PLACED_MOUSE_INPUT_BYTES = 10;
export const MOUSE_LEFT = 1;
export const MOUSE_RIGHT = 2;
const MOUSE_MIDDLE = 4;
/** The most events that wait; then the newest movement is added to the last one that waits. */
export const MOUSE_QUEUE_MAX = 1024;
/** How far movements that wait add up: many screens. More would be fed to the guest for ever. */
export const MOUSE_MOVEMENT_MAX = 65_535;
/** A packet's movement is a signed byte with an overflow bit: keep to what needs no such bit. */
const STEP_MAX = 127;
/** The wheel moves by a signed half-byte. */
const WHEEL_STEP_MAX = 7;
/** Packets of up to 4 bytes go in while fewer than this wait in the controller (v86 has room for 1024). */
const CONTROLLER_BYTES = 32;

/** @throws {RangeError} when a number does not fit its field. */
export function encodeMouseInput(event: MouseEvent): Uint8Array {
  const data = new Uint8Array(event.at ? PLACED_MOUSE_INPUT_BYTES : MOUSE_INPUT_BYTES);
  const view = new DataView(data.buffer);
  view.setInt16(0, event.dx, true);
  view.setInt16(2, event.dy, true);
  view.setInt8(4, event.wheel);
  view.setUint8(5, event.buttons);
  if (event.at) {
    view.setUint16(6, event.at.x, true);
    view.setUint16(8, event.at.y, true);
  }
  const back = decodeMouseInput(data);
  const moved = back.dx === event.dx && back.dy === event.dy && back.wheel === event.wheel;
  const placed = back.at?.x === event.at?.x && back.at?.y === event.at?.y;
  if (!moved || !placed || back.buttons !== event.buttons) {
    throw new RangeError(`mouse event out of range: ${JSON.stringify(event)}`);
  }
  return data;
}

/** @throws {RangeError} when the input has neither `MOUSE_INPUT_BYTES` nor `PLACED_MOUSE_INPUT_BYTES` bytes. */
export function decodeMouseInput(data: Uint8Array): MouseEvent {
  const placed = data.length === PLACED_MOUSE_INPUT_BYTES;
  if (!placed && data.length !== MOUSE_INPUT_BYTES) {
    throw new RangeError(
      `a mouse input has ${MOUSE_INPUT_BYTES} or ${PLACED_MOUSE_INPUT_BYTES} bytes, not ${data.length}`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return {
    dx: view.getInt16(0, true),
    dy: view.getInt16(2, true),
    wheel: view.getInt8(4),
    buttons: view.getUint8(5) & (MOUSE_LEFT | MOUSE_RIGHT | MOUSE_MIDDLE),
    ...(placed ? { at: { x: view.getUint16(6, true), y: view.getUint16(8, true) } } : {}),
  };
}

export interface MouseState {
  readonly waiting: readonly MouseEvent[];
  readonly buttons: number;
}

export class Mouse {
  readonly #ps2: () => Ps2;
  readonly #vmware: () => VmwarePointer;
  readonly #bus: Bus;
  #waiting: MouseEvent[] = [];
  #buttons = 0;

  constructor(ps2: () => Ps2, vmware: () => VmwarePointer, bus: Bus) {
    this.#ps2 = ps2;
    this.#vmware = vmware;
    this.#bus = bus;
  }

  receive(data: Uint8Array): void {
    const event = decodeMouseInput(data);
    const last = this.#waiting.at(-1);
    if (last === undefined || this.#waiting.length < MOUSE_QUEUE_MAX) {
      this.#waiting.push(event);
      return;
    }
    const sum = (a: number, b: number): number => clamp(a + b, MOUSE_MOVEMENT_MAX);
    const merged = { dx: sum(last.dx, event.dx), dy: sum(last.dy, event.dy), wheel: sum(last.wheel, event.wheel) };
    const at = event.at ?? last.at;
    this.#waiting[this.#waiting.length - 1] = { ...merged, buttons: event.buttons, ...(at ? { at } : {}) };
  }

  /** Whether `feed` would do something. */
  get ready(): boolean {
    return this.#waiting.length > 0 && this.#ps2().mouse_buffer.length < CONTROLLER_BYTES;
  }

  feed(): void {
    while (this.ready) {
      const event = this.#waiting[0] as MouseEvent;
      const rest = this.#sendStep(event);
      if (rest === null) this.#waiting.shift();
      else this.#waiting[0] = rest;
    }
  }

  state(): MouseState {
    return { waiting: [...this.#waiting], buttons: this.#buttons };
  }

  /** @throws {RangeError} when more events wait than can. */
  restore(state: MouseState): void {
    if (state.waiting.length > MOUSE_QUEUE_MAX)
      throw new RangeError(`${state.waiting.length} mouse events cannot wait`);
    this.#waiting = [...state.waiting];
    this.#buttons = state.buttons;
  }

  /** Sends one packet of each kind that `event` needs; returns what is left of it, or null. */
  #sendStep(event: MouseEvent): MouseEvent | null {
    const dx = clamp(event.dx, STEP_MAX);
    const dy = clamp(event.dy, STEP_MAX);
    const wheel = clamp(event.wheel, WHEEL_STEP_MAX);
    // Before the buttons: a click is where the pointer is by then.
    if (event.at) this.#bus.send('mouse-absolute', [event.at.x, event.at.y, MOUSE_PLACE_MAX, MOUSE_PLACE_MAX]);
    if (event.buttons !== this.#buttons) {
      this.#buttons = event.buttons;
      this.#bus.send('mouse-click', [
        bit(event.buttons, MOUSE_LEFT),
        bit(event.buttons, MOUSE_MIDDLE),
        bit(event.buttons, MOUSE_RIGHT),
      ]);
    }
    // PS/2 counts upwards, a screen downwards.
    if (dx !== 0 || dy !== 0) this.#bus.send('mouse-delta', [dx, -dy]);
    // A guest that takes places takes no movements, but waits for the interrupt that comes with one.
    else if (event.at && this.#vmware().enabled && this.#vmware().absolute) this.#bus.send('mouse-delta', [1, 0]);
    // v86 would send a packet even before the guest has switched the mouse on.
    if (wheel !== 0 && this.#ps2().enable_mouse_stream) this.#bus.send('mouse-wheel', [-wheel, 0]);
    const rest = { ...event, dx: event.dx - dx, dy: event.dy - dy, wheel: event.wheel - wheel };
    return rest.dx === 0 && rest.dy === 0 && rest.wheel === 0 ? null : rest;
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

function bit(buttons: number, mask: number): boolean {
  return (buttons & mask) !== 0;
}
