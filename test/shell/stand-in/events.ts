/**
 * Electron's event object: what a listener may prevent.
 *
 * Invariant: `defaultPrevented` says, after all listeners ran, whether one of them prevented it.
 */
import type { EventEmitter } from 'node:events';

export interface Preventable {
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}

export function preventable<T extends object>(details: T): T & Preventable {
  let prevented = false;
  return Object.defineProperty(
    { ...details, preventDefault: () => void (prevented = true) } as unknown as T & Preventable,
    'defaultPrevented',
    { get: () => prevented },
  );
}

/** Emits an event that a listener may prevent. @returns whether it may go on. */
export function allowed(emitter: EventEmitter, name: string, details: object = {}, ...more: unknown[]): boolean {
  const event = preventable(details);
  emitter.emit(name, event, ...more);
  return !event.defaultPrevented;
}
