/**
 * Save what the guest's screen shows as a PNG file.
 *
 * Invariant: the picture is the host's, not the page's scaled one.
 */
import { Camera } from 'lucide-react';
import { refusal } from '../../preload/rules.ts';
import { en } from '../text/en.ts';
import type { Action } from './action.ts';

export const screenshot: Action = {
  id: 'screenshot',
  label: en.console.screenshot,
  icon: Camera,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, call }) => {
    const { pngBase64 } = await call('console.screenshot', { vm: vm.id });
    const bytes = Uint8Array.from(atob(pngBase64), (character) => character.charCodeAt(0));
    const address = URL.createObjectURL(new Blob([bytes], { type: 'image/png' }));
    const link = document.createElement('a');
    link.href = address;
    link.download = `${vm.name}.png`;
    link.click();
    // The download has its own hold on the data once the click is dispatched; one turn later is safe everywhere.
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  },
};
