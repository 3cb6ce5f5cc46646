/** Power on. Invariant: allowed exactly when the rules allow `power.on`. */
import { Power } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const powerOn: Action = {
  id: 'power-on',
  label: texts.actions.powerOn,
  icon: Power,
  shortcut: 'Ctrl+B',
  tone: 'primary',
  enabled: (vm) => refusal('power.on', vm),
  perform: async ({ vm, call }) => {
    await call('power.on', { vm: vm.id });
  },
};
