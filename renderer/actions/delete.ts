/** Delete a VM. Invariant: never done unasked. */
import { Trash2 } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { HOME } from '../route.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const deleteVm: Action = {
  id: 'delete',
  label: texts.actions.delete,
  icon: Trash2,
  tone: 'danger',
  enabled: (vm) => refusal('vm.delete', vm),
  confirm: texts.confirm.delete,
  perform: async ({ vm, call, go }) => {
    await call('vm.delete', { vm: vm.id });
    go(HOME);
  },
};
