/**
 * End the secondary on purpose, as a test.
 *
 * Invariant: allowed exactly when the rules allow `ft.testRestartSecondary`.
 */
import { RefreshCw } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftTestRestartSecondary: Action = {
  id: 'ft-test-restart-secondary',
  label: texts.actions.ftTestRestartSecondary,
  hint: texts.actionHints.ftTestRestartSecondary,
  icon: RefreshCw,
  enabled: (vm) => refusal('ft.testRestartSecondary', vm),
  perform: async ({ vm, call }) => {
    await call('ft.testRestartSecondary', { vm: vm.id });
  },
};
