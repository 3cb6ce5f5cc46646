/**
 * Press combinations in the guest that this computer, its browser or the page would keep to themselves.
 *
 * Invariant: allowed exactly when the rules allow `console`; each combination is one the host knows
 * (preload/contract/keys.ts).
 */
import { Keyboard } from 'lucide-react';
import { refusal } from '../text/refusal.ts';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

const COMBOS = [
  'Ctrl+Alt+F1',
  'Ctrl+Alt+F2',
  'Ctrl+Alt+F3',
  'Ctrl+Alt+F4',
  'Ctrl+Alt+F5',
  'Ctrl+Alt+F6',
  'Ctrl+Alt+F7',
  'Ctrl+Alt+Backspace',
  'Alt+Tab',
  'Alt+F4',
  'Ctrl+Esc',
  'Ctrl+W',
  'Win',
  'PrintScreen',
] as const;

export const KEY_ACTIONS: readonly Action[] = COMBOS.map((combo) => ({
  id: `key-${combo.toLowerCase().replaceAll('+', '-')}`,
  label: texts.console.send(combo),
  icon: Keyboard,
  seldom: true,
  enabled: (vm) => refusal('console', vm),
  perform: async ({ vm, call }) => {
    await call('console.key', { vm: vm.id, combo: combo.toLowerCase() });
  },
}));
