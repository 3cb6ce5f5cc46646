/** Delete a VM. Invariant: never done unasked. */
import { Trash2 } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { HOME } from '../route.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const deleteVm: Action = {
  id: 'delete',
  label: en.actions.delete,
  icon: Trash2,
  tone: 'danger',
  enabled: (vm) => refusal('vm.delete', vm),
  confirm: en.confirm.delete,
  perform: async ({ vm, call, go }) => {
    await call('vm.delete', { vm: vm.id });
    go(HOME);
  },
};
