/** Take a snapshot. Invariant: allowed exactly when the rules allow `snapshot.take`; the dialog asks for its name. */
import { Camera } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const snapshotTake: Action = {
  id: 'snapshot-take',
  label: texts.snapshots.take,
  hint: texts.snapshots.takeHint,
  icon: Camera,
  enabled: (vm) => refusal('snapshot.take', vm),
  perform: async ({ vm, open }) => open({ kind: 'snapshot', vm: vm.id, what: 'take', snapshot: null }),
};
