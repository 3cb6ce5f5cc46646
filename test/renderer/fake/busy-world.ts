/**
 * A host on which something of everything is going on, for tests that go through all of the page.
 *
 * Invariant: no page and no tab about the VM `LEDGER` is empty.
 */
import type { SnapshotView } from '../../../preload/contract/contract.ts';
import { fakeTask } from './history.ts';
import type { FakeHost } from './host.ts';
import { COUNTERS } from './network.ts';
import { fakeVm, type FakeWorld } from './world.ts';
import { FAULTS_NOW, failovers, story, trouble } from '../look/scene-states.ts';
import type { Scene } from '../look/scene.ts';
import { company, LEDGER } from '../look/shell-scenes.ts';

export function fakeSnapshot(id: string, parent: string | null, part: Partial<SnapshotView> = {}): SnapshotView {
  return {
    id,
    name: id,
    note: '',
    parent,
    takenAt: Date.now() - 86_400_000,
    current: false,
    machine: { epoch: 1_204_551, hash: 'c0ffee' },
    disk: null,
    bytes: 48 << 20,
    hasThumbnail: true,
    ...part,
  };
}

const CHECKPOINT = { at: 1, ranUntil: 2, epoch: 1, bytes: 31 << 20, hash: 'c0ffee', stunMs: 92 };

export function busy(world: FakeWorld): void {
  company(world);
  const vm = {
    ...LEDGER,
    faults: FAULTS_NOW,
    nic: { ...LEDGER.nic, guestAddress: '10.77.0.10', counters: COUNTERS },
  };
  world.put(vm);
  const cutOff = world.vms.find(({ id }) => id === 'vm-windows-98');
  if (cutOff) world.put({ ...cutOff, checkpointMinutes: 5, checkpoint: CHECKPOINT });
  const files = { hda: '/srv/images/payroll.lsd' };
  world.put(fakeVm('Payroll', { hardware: { memoryMB: 256, guest: 'Disk image', files, cmdline: null } }));
  world.diskCheck = {
    ...world.diskCheck,
    problems: [
      { where: null, message: 'The first copy of the header is damaged.' },
      { where: 196_608, message: 'its checksum does not fit' },
    ],
    problemsLeftOut: 12,
  };
  story(world, vm);
  trouble(world, vm);
  failovers(world, vm);
  world.snapshots = [
    fakeSnapshot('installed', null, { machine: null, hasThumbnail: false, note: 'Straight from the installer' }),
    fakeSnapshot('before-upgrade', 'installed', { current: true }),
    fakeSnapshot('experiment', 'before-upgrade', { bytes: 3 << 20 }),
  ];
  world.network.networks.push(
    { name: 'isolated-lab', subnet: '10.78.0.0/24', gateway: '10.78.0.1', uplink: null, uplinkState: null },
    { name: 'office', subnet: null, gateway: null, uplink: 'tcp:127.0.0.1:5001', uplinkState: 'connected' },
    { name: 'passt', subnet: null, gateway: null, uplink: 'unix:/run/passt.socket', uplinkState: 'lost' },
  );
  world.network.forward(vm.name, {});
  const error = 'Port 443 of 127.0.0.1 cannot be listened on: permission denied.';
  world.network.forward(vm.name, { hostPort: 443, guestPort: 443, error });
}

/** By the palette, as its items are named in every language. */
const doing =
  (action: string, vm: string): Scene['act'] =>
  async (page) => {
    await page.locator('.page').waitFor();
    await page.keyboard.press('Control+k');
    await page.locator('.palette input').fill(action.replaceAll('-', ' '));
    await page.locator(`[data-item="${action}:${vm}"]`).click();
    await page.locator('.dialog').waitFor();
  };
const show = (host: FakeHost) => busy(host.world);
const OFF = 'vm-windows-98';
const WITH_DISK = 'vm-payroll';
const AT_DISK = `#/vm/${WITH_DISK}/summary`;
const sending =
  (action: string): Scene['act'] =>
  async (page, host) => {
    await doing(action, WITH_DISK)(page, host);
    await page.locator('.dialog-footer button').last().click();
  };

export const BUSY_SCENES: readonly Scene[] = [
  {
    name: 'snapshots',
    at: `#/vm/${LEDGER.id}/snapshots`,
    before: show,
    act: (page) => page.locator('[data-snapshot]').nth(2).waitFor(),
  },
  { name: 'busy-events', at: '#/events', before: show, act: (page) => page.locator('tr[data-kind]').first().waitFor() },
  { name: 'busy-lab', at: `#/vm/${LEDGER.id}/faults`, before: show, act: (page) => page.locator('.page').waitFor() },
  { name: 'snapshot-take', at: `#/vm/${LEDGER.id}/snapshots`, before: show, act: doing('snapshot-take', LEDGER.id) },
  {
    name: 'disk-menu',
    at: AT_DISK,
    before: show,
    act: (page) => page.locator('.card-header [aria-haspopup=menu]').click(),
  },
  { name: 'disk-check', at: AT_DISK, before: show, act: sending('disk-check') },
  { name: 'disk-extend', at: AT_DISK, before: show, act: sending('disk-extend') },
  { name: 'disk-export', at: AT_DISK, before: show, act: doing('disk-export', WITH_DISK) },
  { name: 'disk-import', at: AT_DISK, before: show, act: doing('disk-import', WITH_DISK) },
  { name: 'insert-folder', at: AT_DISK, before: show, act: doing('insert-folder', WITH_DISK) },
  {
    name: 'new-vm-convert',
    before: show,
    act: async (page, host) => {
      await page.locator('.page').waitFor();
      await page.keyboard.press('Alt+n');
      await page.locator('.choice').nth(3).click();
      const source = '/srv/old/payroll.vmdk';
      await page.locator('.form-files input').first().fill(source);
      const task = { kind: 'disk.import', title: 'Import virtual disk', phase: source, progress: 0.42 } as const;
      const now = { startedAt: Date.now() - 4000, endedAt: null, outcome: null } as const;
      host.world.task(fakeTask({ ...LEDGER, id: '', name: 'payroll.vmdk' }, 40, { ...task, ...now }));
    },
  },
  { name: 'clone', at: `#/vm/${OFF}/summary`, before: show, act: doing('clone', OFF) },
  { name: 'export', at: `#/vm/${OFF}/summary`, before: show, act: doing('export', OFF) },
];
