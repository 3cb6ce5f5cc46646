/** Record a VM. Invariant: allowed exactly when the rules allow `record.start`; the dialog says where it goes. */
import { CircleDot } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const recordStart: Action = {
  id: 'record-start',
  label: texts.actions.recordStart,
  hint: texts.actionHints.recordStart,
  icon: CircleDot,
  enabled: (vm) => refusal('record.start', vm),
  perform: async ({ vm, open }) => open({ kind: 'record', vm: vm.id }),
};
