/** End a capture. Invariant: allowed exactly when the rules allow `capture.stop`. */
import { CircleStop } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import * as format from '../format.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const captureStop: Action = {
  id: 'capture-stop',
  label: en.actions.captureStop,
  icon: CircleStop,
  enabled: (vm) => refusal('capture.stop', vm),
  perform: async ({ vm, call, toast }) => {
    const { capture } = vm.nic;
    await call('capture.stop', { vm: vm.id });
    if (!capture) return;
    const message = `${capture.file} (${format.count(capture.frames)} frames)`;
    toast({ tone: 'info', title: en.network.capture.stopped, message });
  },
};
