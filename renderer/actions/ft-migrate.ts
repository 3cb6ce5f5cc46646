/**
 * Let a new process take the place of the secondary.
 *
 * Invariant: allowed exactly when the rules allow `ft.migrate`.
 */
import { ArrowRightLeft } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftMigrate: Action = {
  id: 'ft-migrate',
  label: texts.actions.ftMigrate,
  hint: texts.actionHints.ftMigrate,
  icon: ArrowRightLeft,
  enabled: (vm) => refusal('ft.migrate', vm),
  perform: async ({ vm, call }) => {
    await call('ft.migrate', { vm: vm.id });
  },
};
