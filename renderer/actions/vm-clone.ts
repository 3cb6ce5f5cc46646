/** Clone a VM. Invariant: allowed exactly when the rules allow `vm.clone`. */
import { CopyPlus } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const vmClone: Action = {
  id: 'clone',
  label: texts.share.clone.action,
  hint: texts.share.clone.hint,
  icon: CopyPlus,
  enabled: (vm) => refusal('vm.clone', vm),
  perform: async ({ vm, open }) => open({ kind: 'clone', vm: vm.id }),
};
