/**
 * Short words of tables, cards and forms, and of units, in English; `en.ts` hands them on.
 *
 * Invariant: what the host names by a word of its own (kinds of tasks, alarms, guests) is named here by that word; what
 * is missing is shown as the host says it.
 */
import type { Severity } from '../../preload/contract/contract.ts';
import { TASK_TITLES } from '../../preload/contract/task-titles.ts';

const severities: { readonly [severity in Severity]: string } = { info: 'Info', warning: 'Warning', error: 'Error' };

/** Of tasks, by the host's own words. */
const taskPhases = {
  'Waiting to start a secondary': 'Waiting to start a secondary',
  'Building the secondary': 'Building the secondary',
  'Synchronising the disk': 'Synchronising the disk',
  'Copying the state': 'Copying the state',
  'Catching up with the primary': 'Catching up with the primary',
  'Saving the state': 'Saving the state',
  'Restoring the state': 'Restoring the state',
};

export const views = {
  vm: 'Virtual machine',
  name: 'Name',
  state: 'State',
  where: 'Where',
  memory: 'Memory',
  time: 'Time',
  event: 'Event',
  alarm: 'Alarm',
  triggered: 'Triggered',
  severities,
  taskTitles: TASK_TITLES,
  taskPhases,
  alarmCount: (count: number, word: string) => `${count === 1 ? '1 alarm' : `${count} alarms`}: ${word}`,
  eventCount: (count: string) => `${count} events`,
  recentEvents: 'Recent events',
  showAll: 'Show all',
  tasksRunning: (count: number) => `${count} running`,
  messages: 'Messages',
  actions: 'Actions',
  consoleTools: 'Console',
  screen: 'Screen',
  screenOf: (name: string) => `Screen of ${name}.`,
  screenSize: (size: string, percent: number | null) => (percent === null ? size : `${size} at ${percent} %`),
  noRoom: (folder: string, free: string) =>
    `There is no room in ${folder}: ${free} free. The VM is paused and goes on when there is room; nothing is lost.`,
  seeNote: (power: string) => `${power}, see note`,
  log: 'log',
  dataFolder: (folder: string, pid: number) => `Data folder ${folder}, process ${pid}`,
  toOverview: (product: string) => `${product}: overview`,
  vmCount: (count: number) => `${count} ${count === 1 ? 'virtual machine' : 'virtual machines'}`,
  runningCount: (running: number, guarded: number) => `${running} powered on · ${guarded} protected`,
  frames: (count: string) => `${count} frames`,
  recorded: (epochs: string, size: string) => `${epochs} epochs, ${size}`,
  tabs: {
    summary: 'Summary',
    console: 'Console',
    serial: 'Serial',
    network: 'Network',
    monitor: 'Monitor',
    faults: 'Fault lab',
    events: 'Events',
    settings: 'Settings',
  },
  hardware: {
    kernel: 'Kernel',
    initrd: 'Initial RAM disk',
    multiboot: 'Multiboot kernel',
    hda: 'Hard disk',
    cdrom: 'CD-ROM',
    fda: 'Floppy',
    cmdline: 'Command line',
    guest: 'Guest',
    cpu: 'CPU',
    oneCpu: '1 virtual CPU',
    runningFor: 'Running for',
    created: 'Created',
    folder: 'Folder',
  },
  guests: {
    'Sample Linux': 'Sample Linux',
    'Test guest': 'Test guest',
    'Linux kernel': 'Linux kernel',
    'Multiboot kernel': 'Multiboot kernel',
    'Disk image': 'Disk image',
    'CD image': 'CD image',
    'Floppy image': 'Floppy image',
    'No medium to boot from': 'No medium to boot from',
  },
  /** By the alarm's definition; the host's own name where there is none. */
  alarmNames: {} as { readonly [definition: string]: string },
  units: {
    seconds: (count: number) => `${count} s`,
    minutes: (count: number) => `${count} min`,
    hours: (hours: number, minutes: number) => `${hours} h ${minutes} min`,
    days: (days: number, hours: number) => `${days} d ${hours} h`,
  },
} as const;
