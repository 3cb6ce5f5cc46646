/** End a capture. Invariant: allowed exactly when the rules allow `capture.stop`. */
import { CircleStop } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import * as format from '../text/format.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const captureStop: Action = {
  id: 'capture-stop',
  label: texts.actions.captureStop,
  icon: CircleStop,
  enabled: (vm) => refusal('capture.stop', vm),
  perform: async ({ vm, call, toast }) => {
    const { capture } = vm.nic;
    await call('capture.stop', { vm: vm.id });
    if (!capture) return;
    const message = `${capture.file} (${texts.views.frames(format.count(capture.frames))})`;
    toast({ tone: 'info', title: texts.network.capture.stopped, message });
  },
};
