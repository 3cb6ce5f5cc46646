/** A pair between fake processes, with everything it tells its VM written down. The clock is a test's. */
import { onTestFinished, vi } from 'vitest';
import type { PairFailover } from '../../main/fleet/pair/failovers.ts';
import { Pair } from '../../main/fleet/pair/pair.ts';
import type { PairOutside } from '../../main/fleet/pair/pair-parts.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { otherSlot } from '../../main/fleet/disks/vm-disk.ts';
import { Spares } from '../../main/fleet/pair/spares.ts';
import type { FromReplica, ReplicaSpec } from '../../main/replica/messages.ts';
import { FakeProcesses, ftEvent, type FakeReplica } from '../support/fake-processes.ts';

const spec: Omit<ReplicaSpec, 'holder'> = {
  vm: 'vm-id',
  name: 'web',
  datastore: '/datastore',
  memoryMB: 32,
  vgaMemoryMB: 8,
  seed: 1,
  startTimeMs: 0,
  nic: { type: 'virtio', mac: '02:4c:53:00:00:01', mtu: 1500 },
  files: { bios: '/bios', vgaBios: '/vgabios' },
  cmdline: '',
  settings: DEFAULT_SETTINGS,
};

export class PairHarness {
  readonly processes = new FakeProcesses();
  readonly spares: Spares;
  readonly pair: Pair;
  /** What happened, in order, by its kind: events, and `started`, `failedOver …`, `ended …`. */
  readonly story: string[] = [];
  readonly messages: string[] = [];
  readonly outputs: FromReplica[] = [];
  /** As they are kept. */
  readonly failovers: PairFailover[] = [];
  /** Replicas that can be plugged into the network. */
  readonly built: number[] = [];

  constructor(protect: boolean, disk: 'none' | 'shared' | 'separate' = 'none') {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    this.spares = new Spares(this.processes);
    const outside: PairOutside = {
      output: (message) => void this.outputs.push(message),
      state: () => {},
      recording: () => {},
      event: (kind, severity, message) => {
        this.story.push(kind);
        this.messages.push(`${severity}: ${message}`);
      },
      changed: () => {},
      built: (replica) => void this.built.push(replica.pid),
      started: () => void this.story.push('started'),
      failedOver: (lastInput) => void this.story.push(`failedOver ${lastInput}`),
      failovers: {
        add: (failover) => this.failovers.push(failover),
        fill: (id, one) => void (this.failovers[id - 1] = one),
      },
      paused: (paused, epoch) => void this.story.push(`${paused ? 'paused' : 'unpaused'} ${epoch}`),
      ended: (why) => void this.story.push(`ended ${why}`),
    };
    const { processes, spares } = this;
    this.pair = new Pair(
      {
        spec: (holder, slot) => ({ ...spec, holder, disk: { slot, bytes: 512 } }),
        generation: 1,
        slot: 'A',
        secondarySlot: (slot) => (disk === 'separate' ? otherSlot(slot) : slot),
        hasDisk: disk !== 'none',
        processes,
        spares,
        outside,
      },
      protect,
    );
    this.pair.boot();
  }

  /** A pair whose primary runs, for which Fault Tolerance was turned on then. */
  static async running(): Promise<PairHarness> {
    const harness = new PairHarness(false);
    harness.primary.says({ type: 'started', role: 'primary' });
    harness.pair.setProtected(true);
    await harness.pass(0);
    return harness;
  }

  /** The same, with a secondary to which the state is being copied. */
  static async copying(): Promise<PairHarness> {
    const harness = await PairHarness.running();
    harness.secondary.says({ type: 'started', role: 'backup' });
    return harness;
  }

  static async protected(): Promise<PairHarness> {
    const harness = await PairHarness.copying();
    harness.becomeProtected();
    return harness;
  }

  get primary(): FakeReplica {
    return this.processes.last('boot');
  }

  /** The newest process that was told to stand by. */
  get secondary(): FakeReplica {
    return this.processes.last('standBy');
  }

  becomeProtected(primary = this.primary, generation = this.pair.generation): void {
    primary.says({ type: 'captured', stunMs: 7, epoch: 50, bytes: 1000 });
    primary.says({ type: 'copied', fraction: 0.5 });
    primary.reports(ftEvent.protected(generation));
  }

  pass(ms: number): Promise<unknown> {
    return vi.advanceTimersByTimeAsync(ms);
  }

  /** How many secondaries were ever told to stand by. */
  get starts(): number {
    return this.processes.forked.filter((replica) => replica.gotOf('standBy').length > 0).length;
  }
}
