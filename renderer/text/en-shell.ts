/**
 * The sentences of the page's frame, in English: tree, palette, settings, forms of a VM, home; `en.ts` hands them on.
 *
 * Invariant: as there: VMware's words for what is VMware's, and one word for one thing.
 */
export const shell = {
  settings: 'Settings',
  theme: 'Theme',
  themes: { system: 'Same as the system', light: 'Light', dark: 'Dark', contrast: 'High contrast' },
  language: 'Language',
  languageSystem: 'Same as the browser',
  logOut: 'Log out',
  loggedOut: 'You are logged out',
  loggedOutText: 'This browser has no access any more. Open a new link to come back: "lockstep link" prints one.',
  skip: 'Skip to the content',
  announce: (name: string, state: string) => `${name}: ${state}`,
} as const;

export const palette = {
  title: 'Command palette',
  open: 'Command palette (Ctrl+K)',
  placeholder: 'Type an action or the name of a virtual machine',
  none: 'Nothing fits.',
  results: (count: number) => (count === 1 ? '1 result' : `${count} results`),
  goTo: 'Go to',
  page: 'Page',
  keys: 'Arrow keys choose, Enter does it, Escape closes',
} as const;

export const shortcuts = {
  title: 'Keyboard shortcuts',
  show: 'Keyboard shortcuts',
  groups: {
    page: 'Everywhere',
    vm: 'On the open virtual machine',
    tree: 'In the inventory',
    console: 'In the console',
  },
  palette: 'Command palette',
  sheet: 'This list',
  search: 'Find in the inventory',
  newVm: 'New virtual machine',
  move: 'Move up and down',
  fold: 'Open and close a folder or a pair',
  openIt: 'Open',
  menu: 'Menu of actions',
  rename: 'Rename the folder',
  remove: 'Delete the folder',
  release: 'Release keyboard and mouse',
  ctrlAltDel: 'Send Ctrl+Alt+Del',
  fullScreen: 'Full screen',
  grab: 'Give keyboard and mouse to the VM',
} as const;

export const menus = {
  media: 'CD and floppy',
  faults: 'Inject a fault',
  ft: 'Fault Tolerance',
  network: 'Network',
  keys: 'Send keys',
  disk: 'Hard disk',
} as const;

export const folders = {
  top: 'No folder',
  add: 'New folder…',
  addTitle: 'New folder',
  addIn: (folder: string) => `New folder in "${folder}"`,
  rename: 'Rename folder…',
  renameTitle: (folder: string) => `Rename the folder "${folder}"`,
  delete: 'Delete folder',
  deleteHint: 'What is in it moves up; no virtual machine is deleted',
  name: 'Name',
  moveTo: 'Move to folder…',
  moveTitle: (name: string) => `Move "${name}" to a folder`,
  folder: 'Folder',
  newFolder: 'Another, new folder',
  exists: (folder: string) => `There is a folder "${folder}" already.`,
  unchanged: 'It is there already.',
  count: (count: number) => `${count} virtual machines`,
  moving: 'Move virtual machine',
  removing: 'Delete folder',
} as const;

export const media = {
  insert: { cdrom: 'Insert CD image…', fda: 'Insert floppy image…' },
  eject: { cdrom: 'Eject CD', fda: 'Eject floppy' },
  empty: { cdrom: 'The CD-ROM drive is empty.', fda: 'The floppy drive is empty.' },
  own: 'The test guest boots from its own floppy, which stays.',
  title: {
    cdrom: (name: string) => `Insert a CD image into "${name}"`,
    fda: (name: string) => `Insert a floppy image into "${name}"`,
  },
  drives: { cdrom: 'CD-ROM drive', fda: 'Floppy drive' },
  what: 'At once while the VM runs, and at every power-on from then on.',
  now: (file: string) => `In the drive now: ${file}`,
  nothing: 'The drive is empty now.',
  file: 'Image file',
  hint: 'A path on the computer that runs Lockstep',
  noFile: 'Name the file.',
  insertIt: 'Insert',
  button: 'Media',
} as const;

export const start = {
  title: 'A protected virtual machine, now',
  text:
    'Creates a small Linux, powers it on and turns on Fault Tolerance. It takes less than a minute; then kill one of ' +
    'its processes, and watch it go on.',
  button: 'Create a protected VM',
  steps: { create: 'Create', power: 'Power on', protect: 'Protected' },
  done: 'It is protected.',
  doneText: (name: string) => `"${name}" runs twice, in lockstep. Open its console, and crash its primary.`,
  openConsole: 'Open its console',
  name: 'Sample Linux',
} as const;

export const form = {
  create: 'Create',
  choose: 'Set it up…',
  guest: 'Guest',
  name: 'Name',
  memory: 'Memory',
  memoryHint: (least: number, most: number) => `${least} to ${most} MB`,
  folder: 'Folder',
  startAfter: 'Power on after creating',
  sources: {
    sample: { title: 'Sample Linux', text: 'A small Linux with a shell on screen and serial port' },
    test: { title: 'Test guest', text: 'Our own tiny guest that exercises the devices' },
    kernel: { title: 'Linux kernel', text: 'A kernel of yours, with or without an initial RAM disk' },
    disk: { title: 'Hard disk', text: 'An image that boots, or a new one beside a CD' },
    cd: { title: 'CD image (ISO)', text: 'An installer or a live system' },
    floppy: { title: 'Floppy image', text: 'DOS, and other old things' },
    multiboot: { title: 'Multiboot kernel', text: 'What GRUB could load, started without a BIOS' },
  },
  files: {
    bzimage: 'Kernel',
    initrd: 'Initial RAM disk',
    cmdline: 'Kernel command line',
    multiboot: 'Multiboot kernel',
    hda: 'Hard disk image',
    cdrom: 'CD image (ISO)',
    fda: 'Floppy image',
  },
  filesHint: 'Paths on the computer that runs Lockstep.',
  disk: 'Hard disk',
  disks: { none: 'No hard disk', new: 'A new, empty disk', file: 'An image that exists' },
  keepDisk: 'As it is',
  diskSize: 'Size',
  diskSizeHint: 'Such as 4G or 512M; the file grows as the guest writes',
  more: 'Other drives, network card',
  noBoot: {
    kernel: 'Name the kernel.',
    disk: 'Name the image, or add a CD or floppy to start from.',
    cd: 'Name the CD image.',
    floppy: 'Name the floppy image.',
    multiboot: 'Name the kernel.',
  },
  noDisk: 'Name the image.',
  emptyDisk: 'An empty disk boots nothing: name a CD or floppy image to start from.',
  initrdAlone: 'An initial RAM disk needs a kernel.',
  nameTaken: (name: string) => `There is a VM named "${name}" already.`,
  notSaved: 'What was typed is kept until the connection is back.',
} as const;

export const edit = {
  open: 'Edit settings…',
  hint: 'Name, memory, drives, kernel',
  title: (name: string) => `Settings of "${name}"`,
  general: 'General',
  hardware: 'Hardware',
  drives: 'Removable media',
  kernel: 'Kernel',
  needsOff: 'Changed while the VM is powered off',
  always: 'Changed at any time',
  unchanged: 'Nothing has been changed.',
  defaultCmdline: 'The default',
  sampleKernel: 'The sample brings its own kernel.',
  moved: (file: string) => `The disk is now in "${file}", after a failover with separate disks.`,
} as const;

/** From what the BIOS starts, and the video card. */
export const boot = {
  first: 'Started first from',
  usual: 'The usual: floppy, hard disk, CD',
  drives: { hda: 'Hard disk', cdrom: 'CD-ROM', fda: 'Floppy' },
  vga: 'Video memory',
  usualVga: 'The usual: 8 MB',
} as const;
