/**
 * Every action on a VM, in the order menus show them.
 *
 * Invariant: what is not in this list cannot be done to a VM from the page; ids are unique.
 */
import type { Action } from './action.ts';
import { captureStart } from './capture-start.ts';
import { captureStop } from './capture-stop.ts';
import { deleteVm } from './delete.ts';
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
import { nicEdit } from './nic-edit.ts';
import { openConsole } from './open-console.ts';
import { pause } from './pause.ts';
import { powerOff } from './power-off.ts';
import { powerOn } from './power-on.ts';
import { recordStart } from './record-start.ts';
import { recordStop } from './record-stop.ts';
import { reset } from './reset.ts';
import { resume } from './resume.ts';
import { screenshot } from './screenshot.ts';
import { sendCtrlAltDel } from './send-ctrl-alt-del.ts';
import { snapshotTake } from './snapshot-take.ts';
import { suspend } from './suspend.ts';

/** Groups are divided by a line in menus. */
export const ACTION_GROUPS: readonly (readonly Action[])[] = [
  [powerOn, powerOff, suspend, pause, resume, reset],
  [openConsole, sendCtrlAltDel, screenshot],
  [snapshotTake],
  [recordStart, recordStop],
  [nicEdit, forwardAdd, captureStart, captureStop],
  [ftOn, ftOff, ftSuspend, ftResume, ftMigrate, ftTestFailover, ftTestRestartSecondary, ftSettings],
  FAULT_ACTIONS,
  [deleteVm],
];

export const ACTIONS: readonly Action[] = ACTION_GROUPS.flat();

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
