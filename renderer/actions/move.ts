/** Put a VM into a folder of the inventory. Invariant: always allowed; nothing of the VM itself changes. */
import { FolderInput } from 'lucide-react';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';

export const moveVm: Action = {
  id: 'move',
  label: texts.folders.moveTo,
  icon: FolderInput,
  enabled: () => null,
  perform: async ({ vm, open }) => open({ kind: 'move', vm: vm.id }),
};
