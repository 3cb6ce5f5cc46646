/**
 * Every sentence the page shows, in English.
 *
 * Invariant: the words of Fault Tolerance are VMware's (vSphere), exactly; one thing has one word everywhere.
 */
import type { FtReason, PowerState } from '../../preload/contract.ts';

const ftReasons: { readonly [reason in FtReason]: string } = {
  initializing: 'The first secondary has not been started yet.',
  lostConnection: 'The connection to the secondary was lost.',
  divergence: 'The secondary no longer agreed with the primary and was stopped.',
  userAction: 'The secondary was stopped on request.',
  checkpointError: 'The running VM could not be copied.',
  other: 'No secondary could be started.',
};

const power: { readonly [state in PowerState]: string } = {
  off: 'Powered off',
  startingUp: 'Powering on',
  on: 'Powered on',
  paused: 'Paused',
  shuttingDown: 'Powering off',
};

export const en = {
  product: 'Lockstep',
  power,
  ftReasons,
  actions: {
    powerOn: 'Power on',
    powerOff: 'Power off',
    pause: 'Pause',
    resume: 'Resume',
    reset: 'Reset',
    ftOn: 'Turn on FT',
    ftOff: 'Turn off FT',
    ftSuspend: 'Suspend Fault Tolerance',
    ftResume: 'Resume Fault Tolerance',
    ftMigrate: 'Migrate Secondary',
    ftTestFailover: 'Test Failover',
    ftTestRestartSecondary: 'Test Restart Secondary',
    crashPrimary: 'Crash primary',
    crashSecondary: 'Crash secondary',
    delete: 'Delete',
    newVm: 'New virtual machine',
    openConsole: 'Open console',
    more: 'More actions',
    cancel: 'Cancel',
    close: 'Close',
    dismiss: 'Dismiss',
  },
  actionHints: {
    ftOn: 'Turn On Fault Tolerance: run a secondary in lockstep',
    ftOff: 'Turn off Fault Tolerance and remove the secondary',
    pause: 'Let the guest stand still, and its secondary with it',
    resume: 'Let the guest go on',
    ftSuspend: 'Stop protecting until Fault Tolerance is resumed',
    ftResume: 'Start a secondary again',
    ftMigrate: 'Let a new process take the place of the secondary',
    ftTestFailover: 'End the primary on purpose: the secondary goes live, and a new one is started',
    ftTestRestartSecondary: 'End the secondary on purpose: a new one is started',
    crashPrimary: 'Kill the primary at once (kill -9); with Fault Tolerance on, the guest goes on',
    crashSecondary: 'Kill the secondary at once (kill -9); a new one is started',
    busy: 'This is under way.',
    disconnected: 'The connection to Lockstep is lost: wait until it is back.',
  },
  confirm: {
    powerOff: (name: string) => ({
      title: `Power off "${name}"?`,
      body:
        'This is like pulling the plug: what the guest has not written to its disk is lost. ' +
        'To lose nothing, shut the guest down from inside first.',
    }),
    reset: (name: string) => ({
      title: `Reset "${name}"?`,
      body: 'It is powered off and on again: what the guest has not written to its disk is lost.',
    }),
    delete: (name: string) => ({
      title: `Delete "${name}"?`,
      body:
        'The VM, its settings and the disk changes that Lockstep keeps for it are removed for good. ' +
        'Image files you chose are left alone.',
    }),
  },
  ft: {
    title: 'Fault Tolerance',
    status: 'Fault Tolerance Status',
    protected: 'Protected',
    notProtected: 'Not Protected',
    details: {
      notConfigured: 'Not Configured',
      vmNotRunning: 'VM not Running',
      starting: 'Starting',
      needSecondary: 'Need Secondary VM',
      suspended: 'Disabled',
    },
    explain: {
      protected: 'Two copies run in virtual lockstep. If the primary dies, the secondary goes on in its place.',
      notConfigured: 'One copy of this VM runs. If its process or its host dies, the VM dies with it.',
      off: 'Power the VM on, then turn on Fault Tolerance to keep it running through the death of its host.',
      vmNotRunning: 'Fault Tolerance is turned on. A secondary is started when the VM is powered on.',
      starting: 'A secondary is being started. Until it has caught up, the VM runs without protection.',
      needSecondary: 'The VM runs on its primary alone.',
      suspended: 'Fault Tolerance is suspended: the VM runs on its primary alone until it is resumed.',
    },
    primary: 'Primary',
    secondary: 'Secondary',
    secondaryLocation: 'Secondary location',
    secondaryCpu: 'Total Secondary CPU',
    secondaryMemory: 'Total Secondary Memory',
    interval: 'vLockstep Interval',
    bandwidth: 'Log Bandwidth',
    lag: 'Lag',
    delay: 'Output delay',
    noSecondary: 'No secondary',
    noPrimary: 'Not running',
    channel: 'Logging channel',
    lastFailover: 'Last failover',
    lastStart: 'Last start of a secondary',
    sameHost: 'Both replicas run on this computer: this protects from the death of a process, not of the computer.',
    synchronise: 'Synchronise the disk',
    steps: ['Start secondary', 'Copy the VM', 'Catch up', 'Protected'],
  },
  failover: { detect: 'Detect', drain: 'Drain the log', arbitrate: 'Test-and-set', live: 'Go live' },
  console: {
    hintFree: 'Click to type. Ctrl+Alt releases the keyboard.',
    hintHeld: 'The keyboard goes to the VM. Ctrl+Alt releases it.',
    hintLocked: 'Keyboard and mouse go to the VM. Ctrl+Alt releases them.',
    blank: 'The screen is blank',
    ctrlAltDel: 'Send Ctrl+Alt+Del',
    screenshot: 'Screenshot',
    fullScreen: 'Full screen',
    capture: 'Capture mouse',
    fit: 'Fit to window',
    sharp: 'Whole pixels',
  },
  serial: {
    ended: 'The serial port ended with the power-off. What it printed last stays here.',
    off: 'The first serial port of the guest. Power the VM on to use it.',
    failed: 'The serial port is not available: ',
  },
  inventory: {
    title: 'Virtual machines',
    filter: 'Filter by name',
    none: 'No virtual machine matches.',
    empty: 'None yet',
    overview: 'Overview',
    events: 'Events',
  },
  home: {
    welcome: 'Virtual machines that survive',
    lead:
      'Lockstep runs a VM twice, in virtual lockstep. ' +
      'Kill one copy, and the other goes on where it was, and nobody outside notices.',
    sampleTitle: 'Sample Linux',
    sampleText: 'A small Linux, ready made, 128 MB of memory. It boots in seconds.',
    sampleButton: 'Create and power on',
    ownTitle: 'Your own guest',
    ownText: 'A Linux kernel, a disk image, an ISO or a floppy image from this computer.',
  },
  events: { none: 'Nothing has happened yet.', noMatch: 'No event matches the filter.', filter: 'Filter events' },
  connection: {
    connecting: 'Connecting to Lockstep…',
    lost: 'Connection to Lockstep lost, reconnecting…',
    lostDetail: 'What you see may be out of date.',
    refusedTitle: 'This link is no longer valid',
    refused:
      'The host does not know this session: it may have been started anew. ' +
      'Open the link that it printed, or print a new one with "lockstep link".',
    unreachableTitle: 'Lockstep does not answer',
    unreachable: 'The host may have been stopped. This page tries again by itself.',
  },
} as const;
