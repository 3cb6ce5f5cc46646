/** End a VM's recording. Invariant: allowed exactly when the rules allow `record.stop`; says what was recorded. */
import { CircleStop } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import * as format from '../text/format.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const recordStop: Action = {
  id: 'record-stop',
  label: texts.actions.recordStop,
  icon: CircleStop,
  enabled: (vm) => refusal('record.stop', vm),
  perform: async ({ vm, call, toast }) => {
    const { file, epochs, bytes } = await call('record.stop', { vm: vm.id });
    const message = `${file} (${texts.views.recorded(format.count(epochs), format.mebibytes(bytes))})`;
    toast({ tone: 'info', title: texts.record.stopped, message });
  },
};
