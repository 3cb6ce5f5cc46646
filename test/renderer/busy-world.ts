/**
 * A host on which something of everything is going on, for tests that go through all of the page.
 *
 * Invariant: no page and no tab about the VM `LEDGER` is empty.
 */
import type { SnapshotView } from '../../preload/contract.ts';
import type { FakeHost } from './fake-host.ts';
import { COUNTERS } from './fake-network.ts';
import type { FakeWorld } from './fake-world.ts';
import { FAULTS_NOW, failovers, story, trouble } from './scene-states.ts';
import type { Scene } from './scenes.ts';
import { company, LEDGER } from './shell-scenes.ts';

function snapshot(id: string, parent: string | null, part: Partial<SnapshotView>): SnapshotView {
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
  story(world, vm);
  trouble(world, vm);
  failovers(world, vm);
  world.snapshots = [
    snapshot('installed', null, { machine: null, hasThumbnail: false, note: 'Straight from the installer' }),
    snapshot('before-upgrade', 'installed', { current: true }),
    snapshot('experiment', 'before-upgrade', { bytes: 3 << 20 }),
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
  { name: 'clone', at: `#/vm/${OFF}/summary`, before: show, act: doing('clone', OFF) },
  { name: 'export', at: `#/vm/${OFF}/summary`, before: show, act: doing('export', OFF) },
];
