/**
 * Show the VM's console in a window of its own: this page, with nothing but the console.
 *
 * Invariant: a VM has one such window from here; asked again, it comes to the front.
 */
import { AppWindow } from 'lucide-react';
import { formatRoute } from '../route.ts';
import { texts } from '../text/index.ts';
import { refusal } from '../text/refusal.ts';
import type { Action } from './action.ts';

/** A text screen of 720 by 400 pixels with the bars around it. */
const SIZE = 'popup,width=800,height=560';

export const detachConsole: Action = {
  id: 'detach-console',
  label: texts.console.detach,
  hint: texts.console.detachHint,
  icon: AppWindow,
  enabled: (vm) => refusal('console', vm),
  // Before anything is awaited: a browser opens windows for a click alone.
  perform: async ({ vm }) => {
    const address = new URL(formatRoute({ page: 'console', vm: vm.id }), window.location.href);
    address.search = '';
    const opened = window.open(address, `lockstep-console-${vm.id}`, SIZE);
    // In the desktop application the shell makes the window, and may keep its handle to itself.
    if (!opened && !window.lockstep) throw new Error(texts.console.detachBlocked);
    opened?.focus();
  },
};
