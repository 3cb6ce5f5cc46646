/** Look at and change the Fault Tolerance settings of a VM. Invariant: always allowed; what it means is said there. */
import { SlidersHorizontal } from 'lucide-react';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftSettings: Action = {
  id: 'ft-settings',
  label: texts.actions.ftSettings,
  hint: texts.actionHints.ftSettings,
  icon: SlidersHorizontal,
  enabled: () => null,
  perform: async ({ vm, open }) => open({ kind: 'ftSettings', vm: vm.id }),
};
