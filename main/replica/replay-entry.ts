/**
 * The entry of a replay process: takes one order, carries it out, tells the outcome, ends.
 *
 * Invariant: it needs no host and no data folder; when whoever ordered the replay is gone, it ends.
 */
import { replay } from './replay.ts';
import type { FromReplay, ReplayOrder } from './replay-messages.ts';

function tell(message: FromReplay, after?: () => void): void {
  process.send?.(message, undefined, undefined, () => after?.());
}

process.on('disconnect', () => process.exit(0));
process.once('message', (order: ReplayOrder) => {
  process.title = `lockstep replay ${order.file}`;
  replay(order, tell).then(
    (outcome) => tell({ type: 'done', outcome }, () => process.exit(0)),
    (error: Error) => tell({ type: 'failed', message: error.message }, () => process.exit(1)),
  );
});
