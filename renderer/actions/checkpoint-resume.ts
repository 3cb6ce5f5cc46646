/**
 * Resume a VM that was powered off unexpectedly from its checkpoint.
 *
 * Invariant: allowed exactly when the rules allow `checkpoint.resume`; the dialog says what is lost.
 */
import { HeartPulse } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const checkpointResume: Action = {
  id: 'checkpoint-resume',
  label: texts.checkpoints.resume,
  hint: texts.checkpoints.resumeHint,
  icon: HeartPulse,
  enabled: (vm) => refusal('checkpoint.resume', vm),
  perform: async ({ vm, open }) => open({ kind: 'checkpoint', vm: vm.id }),
};
