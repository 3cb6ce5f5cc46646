/** Change what a VM is made of. Invariant: always allowed; what needs a power-off is dimmed there, with the reason. */
import { Settings2 } from 'lucide-react';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const editVm: Action = {
  id: 'edit',
  label: texts.edit.open,
  hint: texts.edit.hint,
  icon: Settings2,
  shortcut: 'Ctrl+D',
  enabled: () => null,
  perform: async ({ vm, open }) => open({ kind: 'edit', vm: vm.id }),
};
