/**
 * Named points at which this process can be made to die, as by `kill -9`: a fault made on purpose, ordered by the
 * fleet.
 *
 * Invariants: without an order nothing happens at any of them; an order strikes once, since nothing survives it. What
 * came before a point has been handed to the operating system (as far as the receiver took it), what comes after it has
 * not.
 */
import type { CrashAt, CrashPoint } from '../../preload/contract/faults.ts';
import { entryKind } from '../ft/log.ts';

let order: CrashAt | null = null;
let passed = 0;

/** From now on this is where the process dies; it replaces an earlier order. */
export function orderCrash(at: CrashAt): void {
  order = at;
  passed = 0;
}

/** The process comes to a point, or has passed it. */
export function reach(when: CrashAt['when'], point: CrashPoint): void {
  if (order?.point !== point || order.when !== when) return;
  passed += 1;
  // By the operating system: nothing of this process runs after it, no queue is written and no link is closed.
  if (passed === order.count) process.kill(process.pid, 'SIGKILL');
}

/** Does something that others notice. */
export function at<T>(point: CrashPoint, act: () => T): T {
  reach('before', point);
  const result = act();
  reach('after', point);
  return result;
}

/**
 * Sends a message of the logging channel; chunks have points of their own, where it is known which is the last. Every
 * control entry is a `protect`: a pause and a power-off too, which come less often and mean as much.
 */
export function sendAt(role: 'primary' | 'backup', message: Uint8Array, send: (message: Uint8Array) => void): void {
  const kind = order === null ? null : entryKind(message);
  if (role === 'primary' && kind === 'head') at('log', () => send(message));
  else if (role === 'primary' && kind === 'control') at('protect', () => send(message));
  else if (role === 'backup' && kind === 'heartbeat') at('ack', () => send(message));
  else send(message);
}
