/**
 * Let a paused guest go on, or a suspended one from its saved state.
 *
 * Invariant: allowed exactly when the rules allow `power.resume`.
 */
import { Play } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const resume: Action = {
  id: 'resume',
  label: texts.actions.resume,
  hint: texts.actionHints.resume,
  icon: Play,
  enabled: (vm) => refusal('power.resume', vm),
  perform: async ({ vm, call }) => {
    await call('power.resume', { vm: vm.id });
  },
};
