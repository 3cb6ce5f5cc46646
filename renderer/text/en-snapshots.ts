/**
 * The sentences of suspending and of snapshots, in English; `en.ts` hands them on.
 *
 * Invariant: as in en.ts: VMware's words for what is VMware's, and one word for one thing.
 */
export const snapshots = {
  tab: 'Snapshots',
  title: 'Snapshots',
  suspend: 'Suspend',
  suspendHint: 'Save the state to disk and power off; the next power-on goes on from there',
  suspended: 'Suspended',
  take: 'Take snapshot…',
  takeNow: 'Take snapshot',
  takeHint: 'Memory, devices and disk of one moment, also while Fault Tolerance protects the VM',
  takeTitle: (name: string) => `Take a snapshot of "${name}"`,
  takeRunning: 'Memory, devices and disk as they are at one moment. The guest stands still for a moment only.',
  takeOff: 'The disk as it is now; the VM is powered off, so there is no memory to save.',
  name: 'Name',
  note: 'Note',
  noteHint: 'For yourself; may be left out',
  nameMissing: 'A snapshot needs a name.',
  none: 'No snapshots yet. A snapshot keeps the VM as it is at one moment; you can go back to it at any time.',
  loading: 'Asking for the snapshots…',
  when: 'Taken',
  size: 'Size',
  state: 'State',
  running: (epoch: number) => `Running, epoch ${epoch}`,
  off: 'Powered off',
  here: 'You are here',
  screen: (name: string) => `The screen when "${name}" was taken`,
  revert: 'Revert',
  revertTo: (name: string) => `Revert to ${name}`,
  revertTitle: (name: string, vm: string) => `Take "${vm}" back to "${name}"?`,
  revertBody:
    'The VM becomes exactly what it was then. What it has become since, in memory and on its disk, is lost, unless ' +
    'another snapshot holds it.',
  remove: 'Delete',
  removeNamed: (name: string) => `Delete ${name}`,
  removeTitle: (name: string) => `Delete the snapshot "${name}"?`,
  removeBody:
    'You can then no longer go back to it. The VM stays as it is, and so do the other snapshots; its disk ' +
    'layer is merged in the background.',
};
