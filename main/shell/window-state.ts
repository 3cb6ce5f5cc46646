/**
 * Where the main window was, kept from one start to the next.
 *
 * Invariant: the file is a convenience: what cannot be read, or would put the window where nobody can reach it (a
 * screen that is gone), counts as nothing.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Rectangle } from 'electron';

/** Position and size in device-independent pixels, as when the window is not maximised. */
export interface WindowState {
  readonly bounds: Rectangle;
  readonly maximized: boolean;
}

/** As much of the title bar must be on a screen that a hand finds it, in pixels. */
const REACHABLE = { width: 100, height: 30 };
const SIZE_MAX = 32_767;

/** `screens` are the areas that windows can use. */
export function readWindowState(file: string, screens: readonly Rectangle[]): WindowState | null {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
  if (!isState(read)) return null;
  const { bounds, maximized } = read;
  return screens.some((screen) => canReach(bounds, screen)) ? { bounds, maximized } : null;
}

export function writeWindowState(file: string, state: WindowState): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(state)}\n`);
  } catch {
    // The next start has the usual size: nothing that a user who closes a window should have to read about.
  }
}

function isState(value: unknown): value is WindowState {
  const { bounds, maximized } = (value ?? {}) as Partial<WindowState>;
  const numbers = bounds && [bounds.x, bounds.y, bounds.width, bounds.height];
  const sane = numbers?.every((number) => Number.isInteger(number) && Math.abs(number) <= SIZE_MAX) ?? false;
  return sane && typeof maximized === 'boolean';
}

/** The top edge of the window, where one takes hold of it, lies on the screen. */
function canReach(bounds: Rectangle, screen: Rectangle): boolean {
  const left = Math.max(bounds.x, screen.x);
  const right = Math.min(bounds.x + bounds.width, screen.x + screen.width);
  const inside = bounds.y >= screen.y && bounds.y + REACHABLE.height <= screen.y + screen.height;
  return inside && right - left >= REACHABLE.width;
}
