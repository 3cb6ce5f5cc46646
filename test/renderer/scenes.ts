/**
 * The states worth looking at.
 *
 * Invariant: each begins from a fresh fake host and reaches its state as a user would see it.
 */
import type { Page } from 'playwright-core';
import { CommandError, type FailoverReport, type VmView } from '../../preload/contract.ts';
import { fakeAlarm, fakeTask } from './fake-history.ts';
import type { FakeHost } from './fake-host.ts';
import { fakeFailover } from './fake-metrics.ts';
import { COUNTERS } from './fake-network.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY, type FakeWorld } from './fake-world.ts';
import { SHELL_SCENES } from './shell-scenes.ts';

export interface Scene {
  readonly name: string;
  /** The address after the host's, such as `#/events`. */
  readonly at?: string;
  readonly before?: (host: FakeHost) => void;
  readonly act: (page: Page, host: FakeHost) => Promise<void>;
  /** Console errors that belong to the scene. */
  readonly mayFail?: RegExp;
}

const running = { power: 'on', poweredOnAt: Date.now() - 754_000 } as const;
const LINUX = fakeVm('Sample Linux');
const ON = fakeVm('Sample Linux', { ...running, ft: { ...OFF, primary: PRIMARY, generation: 1 } });
const START = { lastStart: { stunMs: 182, protectedMs: 3410 } } as const;
const FAILOVER: FailoverReport = {
  at: Date.now() - 5000,
  reason: 'the primary exited (SIGKILL)',
  detectMs: 48.2,
  drainMs: 6.4,
  arbitrateMs: 11.9,
  liveMs: 3.1,
  firstOutputMs: 14.6,
  protectedMs: 3140,
};
const STARTING = { ...ON, ftEnabled: true, ft: { ...ON.ft, status: 'starting', reason: 'initializing' } } as const;
const PROTECTED: VmView = {
  ...STARTING,
  ft: { ...STARTING.ft, status: 'protected', reason: null, secondary: SECONDARY, ...START },
};
const AFTER: VmView = {
  ...PROTECTED,
  ft: {
    ...PROTECTED.ft,
    status: 'protected',
    primary: SECONDARY,
    secondary: { ...SECONDARY, pid: 48_377 },
    generation: 2,
    lastFailover: FAILOVER,
  },
};
const FULL: VmView = {
  ...PROTECTED,
  power: 'paused',
  noRoom: { file: '/srv/vms/disk.lsd', folder: '/srv/vms', freeBytes: 262_144, since: 1 },
};
const NEEDS: VmView = {
  ...AFTER,
  ft: { ...AFTER.ft, status: 'needSecondary', reason: 'lostConnection', secondary: null },
};

function others(world: FakeWorld): void {
  world.put(fakeVm('Build server', { ...running, ft: { ...OFF, primary: { ...PRIMARY, pid: 51_020 } } }));
  world.put(
    fakeVm('Ledger database with a rather long name', {
      ...AFTER,
      id: 'vm-ledger',
      name: 'Ledger database with a rather long name',
    }),
  );
  world.put(
    fakeVm('Windows 98', {
      note: 'Powered off unexpectedly: Lockstep was ended while this VM ran. Power it on to go on.',
    }),
  );
}

export function story(world: FakeWorld, vm: VmView): void {
  world.event(vm, 'vm.created', 'Created from Sample Linux with 128 MB of memory.');
  world.event(vm, 'power.on', 'Powered on on lab-desk (process 48112).');
  world.event(vm, 'ft.starting', 'Starting secondary on lab-desk.');
  world.event(vm, 'ft.protected', 'Protected: the secondary runs in lockstep (process 48190).');
  world.event(vm, 'ft.failover', 'Primary failover: the secondary went live after 69.6 ms.', 'warning');
  world.event(vm, 'ft.needSecondary', 'The connection to the secondary was lost: a new one is needed.', 'error');
  world.event(vm, 'ft.starting', 'Starting secondary on lab-desk.');
  world.event(vm, 'ft.protected', 'Protected: the secondary runs in lockstep (process 48377).');
}

/** A bad day: tasks of every outcome, alarms of both severities. */
export function trouble(world: FakeWorld, vm: VmView): void {
  const names = { kind: 'ft.on', title: 'Turn On Fault Tolerance' } as const;
  world.task(fakeTask(vm, 1));
  const error = 'The secondary could not be started: not enough memory for a second machine of 128 MB.';
  world.task(fakeTask(vm, 2, { ...names, outcome: 'failed', error, progress: 0.3 }));
  world.task(fakeTask(vm, 3, { ...names, startedAt: Date.now() - 200_000, endedAt: Date.now() - 196_590 }));
  world.task(
    fakeTask(vm, 4, { kind: 'record', title: 'Record virtual machine', outcome: 'interrupted', progress: null }),
  );
  const failover = { kind: 'ft.testFailover', title: 'Test Failover' } as const;
  world.task(fakeTask(vm, 5, { ...failover, outcome: 'cancelled' }));
  const starting = { kind: 'ft.startSecondary', title: 'Start Secondary VM', by: 'system' } as const;
  const now = { startedAt: Date.now() - 4000, endedAt: null, outcome: null } as const;
  world.task(fakeTask(vm, 6, { ...starting, ...now, progress: 0.46, phase: 'Copying the state' }));
  world.task(fakeTask(vm, 7, { ...now, kind: 'power.reset', title: 'Reset virtual machine', progress: null }));
  world.alarm(fakeAlarm(vm, 1));
  const about = { about: 'event', severity: 'warning' } as const;
  world.alarm(
    fakeAlarm(vm, 2, {
      ...about,
      definition: 'ft.failover',
      name: 'Fault Tolerance failover',
      message: 'The secondary went live as the new primary after 69.6 ms: the primary exited (SIGKILL).',
      count: 3,
    }),
  );
  const seen = { acknowledgedAt: Date.now() - 1000, definition: 'ft.interval' } as const;
  const name = 'Fault Tolerance vLockstep interval changed';
  world.alarm(fakeAlarm(vm, 3, { severity: 'warning', ...seen, name, message: 'The secondary is 312 ms behind.' }));
}

const ONLINE: VmView = {
  ...PROTECTED,
  nic: { ...PROTECTED.nic, guestAddress: '10.77.0.10', counters: COUNTERS },
};

/** Networks of both kinds, forwards in every state. */
function network(world: FakeWorld): void {
  const nat = { uplink: null, uplinkState: null };
  world.network.networks.push(
    { name: 'isolated-lab', subnet: '10.78.0.0/24', gateway: '10.78.0.1', ...nat },
    { name: 'passt', subnet: null, gateway: null, uplink: 'unix:/run/user/1000/passt.socket', uplinkState: 'lost' },
    { name: 'office', subnet: null, gateway: null, uplink: 'tcp:127.0.0.1:5001', uplinkState: 'connected' },
  );
  const [, build, ledger] = world.vms;
  if (build) world.put({ ...build, nic: { ...build.nic, network: 'office' } });
  if (ledger) world.put({ ...ledger, nic: { ...ledger.nic, network: 'isolated-lab' } });
  const { name } = LINUX;
  world.network.forward(name, {});
  world.network.forward(name, { hostAddress: '0.0.0.0', hostPort: 2222, guestPort: 22, refused: 3 });
  world.network.forward(name, { protocol: 'udp', hostAddress: '::1', hostPort: 5353, guestPort: 53 });
  const error = 'Port 443 of 127.0.0.1 cannot be listened on: permission denied.';
  world.network.forward(name, { hostPort: 443, guestPort: 443, error });
}

const show = (vm: VmView, extra?: (world: FakeWorld) => void) => (host: FakeHost) => {
  host.world.put(vm);
  extra?.(host.world);
};

async function live(page: Page, host: FakeHost): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(150);
  for (let second = 0; second < 95; second++) host.world.tick();
}

/** Three failovers: one as usual, one of a primary that hung, one whose pair is not Protected again. */
export function failovers(world: FakeWorld, vm: VmView = LINUX): void {
  const hung = { reason: 'nothing was heard of it for 500 ms', detectMs: 512, firstOutputMs: null };
  world.failovers = [
    fakeFailover(vm, 3, { ...FAILOVER, protectedMs: null }),
    fakeFailover(vm, 2, hung),
    fakeFailover(vm, 1, { requested: true }),
  ];
}

/** Faults that last, and what came of the last one. */
function faulty(world: FakeWorld): void {
  story(world, AFTER);
  world.event(AFTER, 'fault.injected', 'Fault: hang-primary 2000 ms.', 'warning', { kind: 'hang-primary', ms: 2000 });
  world.event(AFTER, 'ft.suspected', 'The secondary suspects the primary: nothing was heard of it.', 'warning');
  world.event(AFTER, 'ft.failover', 'The secondary went live as the new primary after 531.6 ms.', 'warning');
  world.event(AFTER, 'ft.starting', 'Starting a secondary.');
  world.event(AFTER, 'ft.protected', 'Protected: primary and secondary run in virtual lockstep.');
  failovers(world);
}

export const FAULTS_NOW: VmView['faults'] = [
  { kind: 'hang-primary', at: Date.now() - 1200, ms: 2000, pid: 48_112 },
  { kind: 'delay-channel', at: Date.now() - 60_000, ms: 50, pid: null },
];
const SUMMARY = `#/vm/${LINUX.id}/summary`;
const CONSOLE = `#/vm/${LINUX.id}/console`;

/** Its host was killed three minutes after its last checkpoint. */
const CUT_OFF = fakeVm('Sample Linux', {
  note: 'Powered off unexpectedly: Lockstep itself was ended while the VM was running',
  checkpointMinutes: 5,
  checkpoint: {
    at: Date.now() - 5 * 60_000,
    ranUntil: Date.now() - 2 * 60_000,
    epoch: 1_204_551,
    bytes: 31 << 20,
    hash: 'ab',
    stunMs: 92,
  },
});

export const SCENES: readonly Scene[] = [
  ...SHELL_SCENES,
  { name: 'snapshots-none', at: `#/vm/${LINUX.id}/snapshots`, before: show(LINUX), act: live },
  { name: 'home-empty', act: live },
  {
    name: 'home',
    before: show(PROTECTED, (world) => (others(world), story(world, PROTECTED))),
    act: live,
  },
  { name: 'vm-off', at: SUMMARY, before: show(LINUX), act: live },
  { name: 'vm-note', at: '#/vm/Windows 98/summary', before: show(LINUX, others), act: live },
  { name: 'vm-on', at: SUMMARY, before: show(ON, (world) => story(world, ON)), act: live },
  { name: 'vm-starting', at: SUMMARY, before: show(STARTING, (world) => story(world, ON)), act: live },
  {
    name: 'vm-protected',
    at: SUMMARY,
    before: show(PROTECTED, (world) => (others(world), story(world, ON))),
    act: live,
  },
  { name: 'vm-after', at: SUMMARY, before: show(AFTER, (world) => story(world, ON)), act: live },
  { name: 'vm-needs', at: SUMMARY, before: show(NEEDS, (world) => story(world, ON)), act: live },
  { name: 'vm-full', at: SUMMARY, before: show(FULL, (world) => story(world, FULL)), act: live },
  {
    name: 'vm-trouble',
    at: SUMMARY,
    before: show(NEEDS, (world) => (others(world), story(world, NEEDS), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'home-trouble',
    before: show(NEEDS, (world) => (others(world), story(world, NEEDS), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'alarms',
    at: '#/alarms',
    before: show(NEEDS, (world) => (others(world), trouble(world, NEEDS))),
    act: live,
  },
  {
    name: 'monitor',
    at: `#/vm/${LINUX.id}/monitor`,
    before: show(PROTECTED, (world) => trouble(world, PROTECTED)),
    act: live,
  },
  {
    name: 'recording',
    at: SUMMARY,
    before: show({
      ...PROTECTED,
      recording: {
        file: '/home/ada/.local/share/lockstep/recordings/Sample Linux-2026-11-21T09-12-44.lockrec',
        startedAt: Date.now() - 95_000,
        epoch: 12,
      },
    }),
    act: live,
  },
  {
    name: 'record-dialog',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.getByRole('menuitem', { name: 'Record…' }).click();
    },
  },
  {
    name: 'ft-settings',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: 'Edit FT settings…' }).click();
      await page.getByLabel('Slow it most from a lag of').fill('90');
    },
  },
  {
    name: 'network',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE, (world) => (others(world), network(world))),
    act: (page) => page.getByText('Open in browser').first().waitFor(),
  },
  {
    name: 'network-capture',
    at: `#/vm/${LINUX.id}/network`,
    before: show({
      ...ONLINE,
      nic: {
        ...ONLINE.nic,
        capture: { file: '/home/ada/captures/Sample Linux-2026-11-21T09-12-44.pcapng', frames: 8123, dropped: 0 },
      },
    }),
    act: live,
  },
  { name: 'network-off', at: `#/vm/${LINUX.id}/network`, before: show(LINUX, network), act: live },
  {
    name: 'forward-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add port forward…' }).click();
      await page.getByLabel('Port of this computer').fill('80800');
    },
  },
  {
    name: 'nic-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(LINUX, network),
    act: (page) => page.getByRole('button', { name: 'Edit network card…' }).click(),
  },
  {
    name: 'capture-dialog',
    at: `#/vm/${LINUX.id}/network`,
    before: show(ONLINE),
    act: (page) => page.getByRole('button', { name: 'Capture frames…' }).click(),
  },
  { name: 'networks', at: '#/networks', before: show(ONLINE, (world) => (others(world), network(world))), act: live },
  {
    name: 'network-new',
    at: '#/networks',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add network…' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('lab');
    },
  },
  {
    name: 'network-uplink',
    at: '#/networks',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'Add network…' }).click();
      await page.getByRole('radio', { name: 'Uplink' }).check();
      await page.getByRole('textbox', { name: 'Socket' }).fill('/run/passt');
    },
  },
  {
    name: 'new-vm-advanced',
    before: show(ONLINE, network),
    act: async (page) => {
      await page.getByRole('button', { name: 'New virtual machine' }).click();
      await page.getByText('Other drives, network card').click();
    },
  },
  { name: 'lab', at: `#/vm/${LINUX.id}/faults`, before: show({ ...AFTER, faults: FAULTS_NOW }, faulty), act: live },
  { name: 'lab-off', at: `#/vm/${LINUX.id}/faults`, before: show(LINUX), act: live },
  { name: 'failover', at: SUMMARY, before: show(AFTER, failovers), act: live },
  {
    name: 'console',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByTestId('console-canvas').click();
      await page.keyboard.type('ls');
    },
  },
  {
    name: 'console-fit',
    at: CONSOLE,
    before: show(ON),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.locator('.console-bar [aria-haspopup=menu]').nth(1).click();
      await page.getByRole('menuitemradio').last().click();
    },
  },
  {
    name: 'console-keys',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.locator('.console-bar [aria-haspopup=menu]').first().click();
    },
  },
  {
    name: 'console-full',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByTestId('console-canvas').click();
      await page.keyboard.press('Control+Alt+Enter');
      await page.locator('.full-bar').waitFor();
    },
  },
  {
    name: 'console-detached',
    at: `#/console/${LINUX.id}`,
    before: show(AFTER),
    act: (page) => page.locator('.console-sharp').waitFor(),
  },
  {
    name: 'console-select',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.locator('.console-sharp').waitFor();
      await page.getByRole('button', { name: /Select text|选择文本/ }).click();
      await page.keyboard.press('ArrowDown');
      for (let line = 0; line < 3; line++) await page.keyboard.press('Shift+ArrowDown');
    },
  },
  {
    name: 'console-paste',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: /Paste as keystrokes|以按键方式粘贴/ }).click();
      await page.getByRole('textbox').last().fill('echo "caf\u00e9 \u2192 ok"\nls -l /\n');
    },
  },
  {
    name: 'console-typing',
    at: CONSOLE,
    before: show(PROTECTED),
    act: async (page) => {
      await page.getByRole('button', { name: /Paste as keystrokes|以按键方式粘贴/ }).click();
      await page.getByRole('textbox').last().fill('echo hello\n'.repeat(100));
      await page.locator('.dialog-footer button[type=submit]').click();
    },
  },
  {
    name: 'console-off',
    at: CONSOLE,
    before: show(ON),
    act: async (page, host) => {
      await page.locator('.console-sharp').waitFor();
      host.world.put(LINUX);
    },
  },
  {
    name: 'serial',
    at: `#/vm/${LINUX.id}/serial`,
    before: show(ON),
    act: (page) => page.getByText('Welcome to Sample Linux').waitFor(),
  },
  { name: 'events', at: `#/vm/${LINUX.id}/events`, before: show(ON, (world) => story(world, ON)), act: live },
  { name: 'events-all', at: '#/events', before: show(ON, (world) => story(world, ON)), act: live },
  {
    name: 'new-vm',
    before: show(ON),
    act: (page) => page.getByRole('button', { name: 'New virtual machine' }).click(),
  },
  {
    name: 'new-vm-errors',
    before: show(ON),
    act: async (page) => {
      await page.getByRole('button', { name: 'New virtual machine' }).click();
      await page.getByText('Linux kernel').first().click();
      await page.getByRole('dialog').getByLabel('Name').fill('/etc');
      await page.getByLabel('Memory').fill('4');
      await page.getByRole('button', { name: 'Create' }).click();
    },
  },
  {
    name: 'checkpoint',
    at: SUMMARY.replace('summary', 'snapshots'),
    before: show(CUT_OFF),
    act: async (page) => void (await page.getByText('Last automatic checkpoint').or(page.getByText('最近')).waitFor()),
  },
  {
    name: 'checkpoint-resume',
    at: SUMMARY,
    before: show(CUT_OFF),
    act: (page) =>
      page
        .getByRole('main')
        .getByRole('button', { name: /Resume from checkpoint…|从检查点恢复…/ })
        .click(),
  },
  {
    name: 'confirm',
    at: SUMMARY,
    before: show(ON),
    act: (page) => page.getByRole('button', { name: 'Power off' }).click(),
  },
  {
    name: 'menu-and-toast',
    at: SUMMARY,
    before: show(PROTECTED),
    act: async (page, host) => {
      await live(page, host);
      host.world.fail = new CommandError(
        'failed',
        'The primary (process 48112) could not be stopped: no such process. It may have ended already.',
      );
      await page.getByRole('button', { name: 'Crash primary' }).click();
      await page.getByRole('button', { name: 'More actions' }).click();
    },
  },
  {
    name: 'reason',
    at: SUMMARY,
    before: show(LINUX),
    act: (page) =>
      page
        .getByRole('button', { name: 'Turn on FT' })
        .hover()
        .then(() => page.waitForTimeout(600)),
  },
  {
    name: 'lost',
    at: SUMMARY,
    before: show(PROTECTED),
    mayFail: /WebSocket/,
    act: async (page, host) => {
      await live(page, host);
      host.accept(false);
      host.drop();
    },
  },
  {
    name: 'refused',
    before: (host) => host.accept('refuse'),
    act: async (page) => void (await page.waitForTimeout(500)),
  },
  {
    name: 'unreachable',
    before: (host) => host.accept(false),
    mayFail: /WebSocket/,
    act: async (page) => void (await page.waitForTimeout(600)),
  },
];
