/** Export a VM to one file. Invariant: allowed exactly when the rules allow `vm.export`. */
import { PackageOpen } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const vmExport: Action = {
  id: 'export',
  label: texts.share.export.action,
  hint: texts.share.export.hint,
  icon: PackageOpen,
  enabled: (vm) => refusal('vm.export', vm),
  perform: async ({ vm, open }) => open({ kind: 'export', vm: vm.id }),
};
