/** Capture a VM's frames. Invariant: allowed exactly when the rules allow it; the dialog says where they go. */
import { FileDown } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const captureStart: Action = {
  id: 'capture-start',
  label: texts.actions.captureStart,
  hint: texts.actionHints.captureStart,
  icon: FileDown,
  enabled: (vm) => refusal('capture.start', vm),
  perform: async ({ vm, open }) => open({ kind: 'capture', vm: vm.id }),
};
