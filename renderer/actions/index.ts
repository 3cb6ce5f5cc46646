/**
 * Every action on a VM, in the order menus show them.
 *
 * Invariant: what is not in this list cannot be done to a VM from the page; ids are unique.
 */
import { Disc3, EthernetPort, FlaskConical, HardDrive, Keyboard, Shield, type LucideIcon } from 'lucide-react';
import { texts } from '../text/index.ts';
import type { Action } from './action.ts';
import { captureStart } from './capture-start.ts';
import { captureStop } from './capture-stop.ts';
import { checkpointResume } from './checkpoint-resume.ts';
import { checkpointTake } from './checkpoint-take.ts';
import { copyScreen } from './copy-screen.ts';
import { deleteVm } from './delete.ts';
import { DISK_ACTIONS } from './disk.ts';
import { detachConsole } from './detach-console.ts';
import { editVm } from './edit.ts';
import { FAULT_ACTIONS } from './faults.ts';
import { forwardAdd } from './forward-add.ts';
import { ftMigrate } from './ft-migrate.ts';
import { ftOff } from './ft-off.ts';
import { ftOn } from './ft-on.ts';
import { ftResume } from './ft-resume.ts';
import { ftSettings } from './ft-settings.ts';
import { ftSuspend } from './ft-suspend.ts';
import { ftTestFailover } from './ft-test-failover.ts';
import { ftTestRestartSecondary } from './ft-test-restart-secondary.ts';
import { MEDIA_ACTIONS } from './media.ts';
import { moveVm } from './move.ts';
import { nicEdit } from './nic-edit.ts';
import { openConsole } from './open-console.ts';
import { pasteKeys } from './paste-keys.ts';
import { pause } from './pause.ts';
import { powerOff } from './power-off.ts';
import { powerOn } from './power-on.ts';
import { recordStart } from './record-start.ts';
import { recordStop } from './record-stop.ts';
import { reset } from './reset.ts';
import { resume } from './resume.ts';
import { screenshot } from './screenshot.ts';
import { sendCtrlAltDel } from './send-ctrl-alt-del.ts';
import { KEY_ACTIONS } from './send-keys.ts';
import { shutdown } from './shutdown.ts';
import { snapshotTake } from './snapshot-take.ts';
import { suspend } from './suspend.ts';
import { vmClone } from './vm-clone.ts';
import { vmExport } from './vm-export.ts';

/** Actions that are seldom needed, behind one line of a menu. */
export interface Submenu {
  readonly id: string;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly actions: readonly Action[];
}

/** Groups are divided by a line in menus. */
export const ACTION_GROUPS: readonly (readonly (Action | Submenu)[])[] = [
  [powerOn, shutdown, powerOff, suspend, pause, resume, reset, checkpointResume],
  [
    openConsole,
    detachConsole,
    sendCtrlAltDel,
    { id: 'menu-keys', label: texts.menus.keys, icon: Keyboard, actions: KEY_ACTIONS },
    pasteKeys,
    copyScreen,
    screenshot,
  ],
  [ftOn, ftOff],
  [
    {
      id: 'menu-ft',
      label: texts.menus.ft,
      icon: Shield,
      actions: [ftSuspend, ftResume, ftMigrate, ftTestFailover, ftTestRestartSecondary, ftSettings],
    },
    { id: 'menu-faults', label: texts.menus.faults, icon: FlaskConical, actions: FAULT_ACTIONS },
  ],
  [
    { id: 'menu-media', label: texts.menus.media, icon: Disc3, actions: MEDIA_ACTIONS },
    { id: 'menu-disk', label: texts.menus.disk, icon: HardDrive, actions: DISK_ACTIONS },
    {
      id: 'menu-network',
      label: texts.menus.network,
      icon: EthernetPort,
      actions: [nicEdit, forwardAdd, captureStart, captureStop],
    },
  ],
  [snapshotTake, checkpointTake, recordStart, recordStop],
  [editVm, moveVm, vmClone, vmExport],
  [deleteVm],
];

export function isSubmenu(entry: Action | Submenu): entry is Submenu {
  return 'actions' in entry;
}

export const ACTIONS: readonly Action[] = ACTION_GROUPS.flat().flatMap((entry) =>
  isSubmenu(entry) ? entry.actions : [entry],
);

export function actionById(id: string): Action | undefined {
  return ACTIONS.find((action) => action.id === id);
}

/** The action whose shortcut this key press is. */
export function actionForKey(event: {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly key: string;
}): Action | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return undefined;
  const shortcut = `Ctrl+${event.key.toUpperCase()}`;
  return ACTIONS.find((action) => action.shortcut === shortcut);
}
