/** Let a port of this computer lead to the VM. Invariant: allowed exactly when the rules allow `forward.add`. */
import { CornerUpRight } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const forwardAdd: Action = {
  id: 'forward-add',
  label: texts.actions.forwardAdd,
  hint: texts.actionHints.forwardAdd,
  icon: CornerUpRight,
  enabled: (vm) => refusal('forward.add', vm),
  perform: async ({ vm, open }) => open({ kind: 'forward', vm: vm.id, forward: null }),
};
