/**
 * What the scenes are about: VMs in their states, and hosts on which something has happened.
 *
 * Invariant: each is what a real host could show.
 */
import type { Page } from 'playwright-core';
import type { FailoverReport, VmView } from '../../../preload/contract/contract.ts';
import { fakeAlarm, fakeTask } from '../fake/history.ts';
import type { FakeHost } from '../fake/host.ts';
import { fakeFailover } from '../fake/metrics.ts';
import { COUNTERS } from '../fake/network.ts';
import { fakeVm, OFF, PRIMARY, SECONDARY, type FakeWorld } from '../fake/world.ts';

const running = { power: 'on', poweredOnAt: Date.now() - 754_000 } as const;
export const LINUX = fakeVm('Sample Linux');
export const ON = fakeVm('Sample Linux', { ...running, ft: { ...OFF, primary: PRIMARY, generation: 1 } });
const START = {
  lastStart: { stunMs: 182, builtMs: 410, capturedMs: 620, copiedMs: 1900, protectedMs: 3410 },
} as const;
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
export const STARTING = {
  ...ON,
  ftEnabled: true,
  ft: { ...ON.ft, status: 'starting', reason: 'initializing' },
} as const;
export const PROTECTED: VmView = {
  ...STARTING,
  ft: { ...STARTING.ft, status: 'protected', reason: null, secondary: SECONDARY, ...START },
};
export const AFTER: VmView = {
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
export const FULL: VmView = {
  ...PROTECTED,
  power: 'paused',
  noRoom: { file: '/srv/vms/disk.lsd', folder: '/srv/vms', freeBytes: 262_144, since: 1 },
};
export const NEEDS: VmView = {
  ...AFTER,
  ft: { ...AFTER.ft, status: 'needSecondary', reason: 'lostConnection', secondary: null },
};

export function others(world: FakeWorld): void {
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

export const ONLINE: VmView = {
  ...PROTECTED,
  nic: { ...PROTECTED.nic, guestAddress: '10.77.0.10', counters: COUNTERS },
};

/** Networks of both kinds, forwards in every state. */
export function network(world: FakeWorld): void {
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

export const show = (vm: VmView, extra?: (world: FakeWorld) => void) => (host: FakeHost) => {
  host.world.put(vm);
  extra?.(host.world);
};

export async function live(page: Page, host: FakeHost): Promise<void> {
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
export function faulty(world: FakeWorld): void {
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
export const SUMMARY = `#/vm/${LINUX.id}/summary`;
export const CONSOLE = `#/vm/${LINUX.id}/console`;

/** Its host was killed three minutes after its last checkpoint. */
export const CUT_OFF = fakeVm('Sample Linux', {
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
