/**
 * What tasks are called, in English: the host says so, and the page where it speaks English.
 *
 * Invariant: every kind of task has a title; VMware's words where it has some.
 */
import type { TaskKind } from './history.ts';

export const TASK_TITLES: { readonly [K in TaskKind]: string } = {
  'power.on': 'Power on virtual machine',
  'power.off': 'Power off virtual machine',
  'power.reset': 'Reset virtual machine',
  'power.pause': 'Pause virtual machine',
  'power.unpause': 'Resume virtual machine',
  'power.suspend': 'Suspend virtual machine',
  'snapshot.take': 'Create virtual machine snapshot',
  'snapshot.revert': 'Revert to snapshot',
  'snapshot.delete': 'Remove snapshot',
  'checkpoint.take': 'Take checkpoint',
  'checkpoint.resume': 'Resume from checkpoint',
  'ft.on': 'Turn On Fault Tolerance',
  'ft.off': 'Turn Off Fault Tolerance',
  'ft.suspend': 'Suspend Fault Tolerance',
  'ft.resume': 'Resume Fault Tolerance',
  'ft.testFailover': 'Test Failover',
  'ft.testRestartSecondary': 'Test Restart Secondary',
  'ft.migrate': 'Migrate Secondary',
  'ft.startSecondary': 'Start Secondary VM',
  record: 'Record virtual machine',
  'disk.create': 'Create virtual disk',
  'disk.check': 'Check virtual disk',
  'disk.compact': 'Compact virtual disk',
  'disk.resize': 'Extend virtual disk',
  'disk.import': 'Import virtual disk',
  'disk.export': 'Export virtual disk',
  'vm.clone': 'Clone virtual machine',
  'vm.export': 'Export virtual machine',
  'vm.import': 'Import virtual machine',
  'power.shutdown': 'Shut down guest',
  'media.folder': 'Make a disc of a folder',
};
