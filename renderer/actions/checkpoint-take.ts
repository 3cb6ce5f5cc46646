/** Take a checkpoint now. Invariant: allowed exactly when the rules allow `checkpoint.take`. */
import { CopyCheck } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const checkpointTake: Action = {
  id: 'checkpoint-take',
  label: texts.checkpoints.take,
  hint: texts.checkpoints.takeHint,
  icon: CopyCheck,
  enabled: (vm) => refusal('checkpoint.take', vm),
  perform: async ({ vm, call }) => {
    await call('checkpoint.take', { vm: vm.id });
  },
};
