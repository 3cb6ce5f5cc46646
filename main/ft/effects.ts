/**
 * What an epoch does outside the machine, as data: it waits in the output gate until it may leave.
 *
 * Invariant: an effect that waited is carried out by `letGo` alone, once, in the order in which the gate let it go. Two
 * ways lead past the gate: a request that need not wait (`DiskLedger.asked`) is issued at once, and so is what a backup
 * emits and issues again when it goes live (`Backup.promote`): it has nobody to wait for.
 */
import { unreachable } from './assert.ts';
import type { Output } from './entry.ts';
import type { BlockRequest, FtEvent, Outside } from './environment.ts';
import type { Positioned } from './output.ts';

export type Effect<R, V> =
  | { readonly kind: 'output'; readonly output: Positioned<Output> }
  /** A write or a flush of the guest's disk. */
  | { readonly kind: 'request'; readonly request: R }
  /** A picture of the screen. */
  | { readonly kind: 'view'; readonly view: V }
  /** The state includes the outside's inputs up to this one. */
  | { readonly kind: 'committed'; readonly sequence: number }
  | { readonly kind: 'paused'; readonly paused: boolean; readonly epoch: number }
  | { readonly kind: 'marked'; readonly mark: string };

/** Carries the effect out: the world is told, or the fleet by a report. */
export function letGo<R extends BlockRequest, V>(
  effect: Effect<R, V>,
  outside: Outside<R, V>,
  report: (event: FtEvent) => void,
): void {
  switch (effect.kind) {
    case 'output':
      return outside.emit(effect.output);
    case 'request':
      return outside.issue(effect.request);
    case 'view':
      return outside.show(effect.view);
    case 'committed':
      return outside.committed(effect.sequence);
    case 'paused':
      return report({ type: 'paused', paused: effect.paused, epoch: effect.epoch });
    case 'marked':
      return report({ type: 'marked', mark: effect.mark });
    default:
      return unreachable(effect);
  }
}
