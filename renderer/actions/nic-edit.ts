/** Change a VM's network card. Invariant: allowed exactly when the rules allow `nic.set`. */
import { Pencil } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const nicEdit: Action = {
  id: 'nic-edit',
  label: texts.actions.nicEdit,
  hint: texts.actionHints.nicEdit,
  icon: Pencil,
  enabled: (vm) => refusal('nic.set', vm),
  perform: async ({ vm, open }) => open({ kind: 'nic', vm: vm.id }),
};
