/** Power off, like pulling the plug. Invariant: never done unasked, as the guest may lose work. */
import { PowerOff } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const powerOff: Action = {
  id: 'power-off',
  label: en.actions.powerOff,
  icon: PowerOff,
  shortcut: 'Ctrl+E',
  enabled: (vm) => refusal('power.off', vm),
  confirm: en.confirm.powerOff,
  perform: async ({ vm, call }) => {
    await call('power.off', { vm: vm.id });
  },
};
