/** Power off, like pulling the plug. Invariant: never done unasked, as the guest may lose work. */
import { PowerOff } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const powerOff: Action = {
  id: 'power-off',
  label: texts.actions.powerOff,
  icon: PowerOff,
  shortcut: 'Ctrl+E',
  enabled: (vm) => refusal('power.off', vm),
  confirm: texts.confirm.powerOff,
  perform: async ({ vm, call }) => {
    await call('power.off', { vm: vm.id });
  },
};
