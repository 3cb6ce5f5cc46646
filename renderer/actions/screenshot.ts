/**
 * Save what the guest's screen shows as a PNG file.
 *
 * Invariant: the picture is the host's, not the page's scaled one.
 */
import { Camera } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { download } from '../download.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const screenshot: Action = {
  id: 'screenshot',
  label: texts.console.screenshot,
  icon: Camera,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, call }) => {
    const { pngBase64 } = await call('console.screenshot', { vm: vm.id });
    const bytes = Uint8Array.from(atob(pngBase64), (character) => character.charCodeAt(0));
    download(`${vm.name}.png`, 'image/png', [bytes]);
  },
};
