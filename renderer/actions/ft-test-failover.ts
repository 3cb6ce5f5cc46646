/** End the primary on purpose, as a test. Invariant: allowed exactly when the rules allow `ft.testFailover`. */
import { FlaskConical } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const ftTestFailover: Action = {
  id: 'ft-test-failover',
  label: texts.actions.ftTestFailover,
  hint: texts.actionHints.ftTestFailover,
  icon: FlaskConical,
  enabled: (vm) => refusal('ft.testFailover', vm),
  perform: async ({ vm, call }) => {
    await call('ft.testFailover', { vm: vm.id });
  },
};
