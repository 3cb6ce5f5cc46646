/**
 * End the secondary on purpose, as a test.
 *
 * Invariant: allowed exactly when the rules allow `ft.testRestartSecondary`.
 */
import { RefreshCw } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const ftTestRestartSecondary: Action = {
  id: 'ft-test-restart-secondary',
  label: en.actions.ftTestRestartSecondary,
  hint: en.actionHints.ftTestRestartSecondary,
  icon: RefreshCw,
  enabled: (vm) => refusal('ft.testRestartSecondary', vm),
  perform: async ({ vm, call }) => {
    await call('ft.testRestartSecondary', { vm: vm.id });
  },
};
