/**
 * Copy all text on the guest's screen.
 *
 * Invariant: what is copied is what the host says the screen shows, line by line; graphics are an error, not an empty
 * clipboard.
 */
import { Copy } from 'lucide-react';
import { copyText } from './clipboard.ts';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const copyScreen: Action = {
  id: 'copy-screen',
  label: texts.console.copyScreen,
  hint: texts.console.copyScreenHint,
  icon: Copy,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, call, toast }) => {
    const { lines } = await call('console.text', { vm: vm.id });
    const text = lines.join('\n').trimEnd();
    if (text === '') throw new Error(texts.console.noText);
    await copyText(`${text}\n`);
    toast({ tone: 'info', title: vm.name, message: texts.console.copied(text.split('\n').length) });
  },
};
