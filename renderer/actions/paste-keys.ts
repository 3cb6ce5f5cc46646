/** Type a text into the guest: opens the dialog. Invariant: allowed exactly when the rules allow `console`. */
import { ClipboardPaste } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const pasteKeys: Action = {
  id: 'paste-keys',
  label: texts.console.paste,
  hint: texts.console.pasteHint,
  icon: ClipboardPaste,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, open }) => open({ kind: 'paste', vm: vm.id }),
};
