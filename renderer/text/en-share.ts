/**
 * The sentences of cloning, exporting, importing and shutting down, in English; `en.ts` hands them on.
 *
 * Invariant: as there: VMware's words for what is VMware's, and one word for one thing.
 */

export const share = {
  clone: {
    action: 'Clone…',
    hint: 'Make another VM of this one, with a disk of its own',
    title: (name: string) => `Clone "${name}"`,
    send: 'Clone',
    name: 'Name of the clone',
    copyOf: (name: string) => `${name} copy`,
    noName: 'Say what the clone is to be called.',
    kind: 'Disk',
    kinds: { full: 'Full clone: a copy of the disk', linked: 'Linked clone: only what differs' },
    full: 'The clone is independent of this VM. Copying takes a while, and as much room as the disk takes up.',
    linked:
      'Made at once. Both VMs then stand on the disk that is there now: keep that file, and let nobody change it.',
    own: 'The clone has its own MAC address and no port forwards.',
    failed: (name: string) => `Clone "${name}"`,
  },
  export: {
    action: 'Export…',
    hint: 'Write the VM with its disk to one file',
    title: (name: string) => `Export "${name}"`,
    send: 'Export',
    file: 'File',
    fileHint: 'A path on the computer that Lockstep runs on. The name ends in .lockstep.',
    noFile: 'Say where the file is to be, with a name that ends in .lockstep.',
    what: 'Configuration, disk, and your own kernel, disc and floppy images go into one compressed file.',
    failed: (name: string) => `Export "${name}"`,
  },
  import: {
    action: 'Import…',
    hint: 'Make a VM of an exported file',
    title: 'Import a virtual machine',
    send: 'Import',
    file: 'Exported file',
    fileHint: 'A path on the computer that Lockstep runs on. The desktop window takes the file itself, too.',
    noFile: 'Say which file it is: its name ends in .lockstep.',
    name: 'Name',
    nameHint: 'The name that it had, where nothing is said.',
    mac: 'MAC address',
    macs: { new: 'A new one', keep: 'The one that it had' },
    macHint: 'Two VMs with one address do not work on one network.',
    failed: 'Import',
  },
  shutdown: {
    action: 'Shut down guest',
    hint: 'Ask the guest to end (the sample Linux at its serial console, others by Ctrl+Alt+Del), and wait for it',
  },
  cancelTask: 'Cancel the task',
};
