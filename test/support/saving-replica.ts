/** A replica that a test plays, which saves states and comes back from them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeScreen } from '../../preload/contract/screen.ts';
import { wellBehaved, type FakeReplica } from './fake-processes.ts';

export const HASH = 'ab'.repeat(32);
const MADE = { epoch: 80, virtualNs: 1e9, hash: HASH, bytes: 9, stunMs: 3 };

/** Saves at once, and comes back from what it saved. */
export function saving(replica: FakeReplica): void {
  wellBehaved(replica);
  const { react } = replica;
  replica.react = (message) => {
    if (message.type === 'boot' && message.state !== undefined) {
      replica.says({ type: 'restoring', fraction: 1 });
      replica.says({ type: 'restored', epoch: 80, hash: HASH });
    }
    react(message);
    if (message.type === 'picture') {
      replica.says({ type: 'screen', full: true, data: encodeScreen({ kind: 'blank', full: true }) });
    }
    if (message.type !== 'save') return;
    const { id, file } = message.order;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'the state');
    replica.says({ type: 'save', event: { state: 'writing', id, fraction: 0.5 } });
    replica.says({ type: 'save', event: { state: 'done', id, saved: { ...MADE, disk: null } } });
  };
}
