/** Record a VM. Invariant: allowed exactly when the rules allow `record.start`; the dialog says where it goes. */
import { CircleDot } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const recordStart: Action = {
  id: 'record-start',
  label: en.actions.recordStart,
  hint: en.actionHints.recordStart,
  icon: CircleDot,
  enabled: (vm) => refusal('record.start', vm),
  perform: async ({ vm, open }) => open({ kind: 'record', vm: vm.id }),
};
