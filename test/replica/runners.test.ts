// The runners of primary and backup in one process: real sockets, a real lease, real disk images, and toy machines.

import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { beginGeneration, diskSlot, LeaseArbiter } from '../../main/datastore/leases.ts';
import type { Arbiter } from '../../main/ft/arbiter.ts';
import type { DiskModes, FtEvent } from '../../main/ft/environment.ts';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { Primary } from '../../main/ft/primary.ts';
import { BackupRunner } from '../../main/replica/backup-runner.ts';
import { openOwnDisks, prepareOwnDisk } from '../../main/replica/own-disks.ts';
import type { FromReplica, ReplicaSpec } from '../../main/replica/messages.ts';
import { NicPort } from '../../main/replica/nic-port.ts';
import { PrimaryRunner, type PrimaryParts } from '../../main/replica/primary-runner.ts';
import { socketTransport } from '../../main/transport/socket.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { readToyOutput, ToyMachine } from '../support/toy-machine.ts';

/** One replica's process, without the process. */
class Process {
  readonly said: FromReplica[] = [];
  readonly machine = new ToyMachine({ idleMs: 3, disk: true, memoryBytes: 50_000 });
  readonly parts: PrimaryParts;
  halted = false;
  /** Resolves when it has halted and its disks are closed. */
  readonly ended = Promise.withResolvers<void>();
  onSaid: (message: FromReplica) => void = () => {};

  /** `former`: the primary whose disk a backup would go on with, which is ended before that. */
  constructor(spec: ReplicaSpec, arbiter: Arbiter, former?: Process) {
    const send = (message: FromReplica): void => {
      this.said.push(message);
      this.onSaid(message);
    };
    this.parts = {
      spec,
      machine: this.machine,
      arbiter,
      nic: new NicPort(),
      send,
      halted: () => {
        this.halted = true;
        this.ended.resolve();
      },
      fenced: former?.ended.promise ?? Promise.resolve(),
    };
  }

  events<T extends FtEvent['type']>(type: T): Extract<FtEvent, { type: T }>[] {
    return this.said.flatMap((message) =>
      message.type === 'ft' && message.event.type === type ? [message.event as Extract<FtEvent, { type: T }>] : [],
    );
  }

  saidOf<T extends FromReplica['type']>(type: T): Extract<FromReplica, { type: T }>[] {
    return this.said.filter((message): message is Extract<FromReplica, { type: T }> => message.type === type);
  }
}

const silent: Arbiter = { claim: () => new Promise(() => {}) };

async function sockets(folder: string): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer();
  server.listen(path.join(folder, `${Math.random()}.sock`));
  await once(server, 'listening');
  const near = net.connect(server.address() as string);
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[net.Socket], unknown];
  server.close();
  return [near, far];
}

interface World {
  readonly spec: ReplicaSpec;
  readonly primary: Process;
  readonly runner: PrimaryRunner;
  readonly backup: Process;
  readonly backupRunner: BackupRunner;
  /** The primary that the backup has become. */
  readonly promoted: Promise<PrimaryRunner>;
  /** Cuts the logging channel, and ends the primary when it has noticed. */
  cut(): void;
  /** The backup takes nothing more from the channel. */
  deafen(): void;
}

const SHARED: DiskModes = { diskMode: 'shared', diskReads: 'log' };

/** A pair that is Protected. `arbiter` is what the primary asks. */
async function pair(arbiter?: Arbiter, modes = SHARED): Promise<World> {
  const datastore = temporaryFolder();
  const hda = path.join(datastore, 'hda.img');
  writeFileSync(hda, '');
  truncateSync(hda, 1 << 20);
  const spec: ReplicaSpec = {
    vm: 'vm',
    name: 'web',
    holder: '',
    datastore,
    memoryMB: 32,
    vgaMemoryMB: 8,
    seed: 1,
    startTimeMs: 0,
    nic: { type: 'virtio', mac: '02:4c:53:00:00:01', mtu: 1500 },
    files: { bios: '', vgaBios: '', hda },
    cmdline: '',
    disk: { slot: 'A', bytes: 1 << 20 },
    settings: { ...DEFAULT_SETTINGS, failureTimeoutMs: 5000, ...modes },
  };
  const generation = beginGeneration(datastore, 'vm', 'host');
  const primary = new Process(spec, arbiter ?? new LeaseArbiter(datastore, 'vm', 'primary'));
  const runner = await PrimaryRunner.start(
    primary.parts,
    (env, outside) => new Primary(env, outside, { generation, lastInput: 0 }),
  );
  onTestFinished(() => runner.powerOff());
  primary.onSaid = (message) => message.type === 'serial' && runner.confirm(message.epoch, message.index);

  const [near, far] = await sockets(datastore);
  const copy = path.join(datastore, 'disks', 'copy.img');
  const own: ReplicaSpec = { ...spec, files: { ...spec.files, hda: copy }, disk: { slot: 'B', bytes: 1 << 20 } };
  const backupSpec = modes.diskMode === 'separate' ? own : spec;
  const backup = new Process(backupSpec, new LeaseArbiter(datastore, 'vm', 'backup', backupSpec.disk?.slot), primary);
  await prepareOwnDisk(backupSpec);
  const disks = await openOwnDisks(backup.parts);
  let resolve: (runner: PrimaryRunner) => void = () => {};
  const promoted = new Promise<PrimaryRunner>((settle) => (resolve = settle));
  const take = (made: PrimaryRunner): void => {
    onTestFinished(() => made.powerOff());
    resolve(made);
  };
  const backupRunner = new BackupRunner(backup.parts, socketTransport(far), take, disks);
  runner.protect(socketTransport(near), spec.settings);
  onTestFinished(() => void near.destroy());
  await eventually(() => expect(primary.events('protected')).toHaveLength(1));
  return {
    spec,
    primary,
    runner,
    backup,
    backupRunner,
    promoted,
    cut() {
      near.destroy();
      void eventually(() => expect(primary.events('backupLost')).toHaveLength(1)).then(() => runner.powerOff());
    },
    deafen: () => far.pause(),
  };
}

/** The numbers of the outputs that these replicas let out, each once, in the order in which a receiver takes them. */
function outputs(...processes: Process[]): number[] {
  const positions = new Map<string, number>();
  for (const process of processes) {
    for (const { epoch, index, data } of process.saidOf('serial'))
      positions.set(`${epoch}.${index}`, readToyOutput(data).number);
  }
  return [...positions.values()];
}

test('a primary copies itself to a backup, which runs behind it and says nothing but how it fares', async () => {
  const { primary, backup } = await pair();
  expect(primary.saidOf('captured')).toEqual([expect.objectContaining({ bytes: expect.any(Number) })]);
  expect(primary.saidOf('copied').at(-1)).toEqual({ type: 'copied', fraction: 1 });
  const { epoch } = backup.machine;
  await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(epoch + 20));
  expect(backup.said.filter(({ type }) => type !== 'report')).toEqual([]);
});

test('a backup whose primary is gone becomes a primary, and its outputs go on where the others ended', async () => {
  const { primary, backup, promoted, cut } = await pair(silent);
  cut();
  await promoted;
  expect(backup.events('live')).toEqual([expect.objectContaining({ generation: 2 })]);
  const { epoch } = backup.machine;
  await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(epoch + 20));
  expect(backup.saidOf('resumed')).toHaveLength(1);
  const numbers = outputs(primary, backup);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

test('a frame that is sent again at go-live, while the network is gone too, does not end the new primary', async () => {
  const spec = { vm: 'vm', name: 'web', files: {}, settings: DEFAULT_SETTINGS } as unknown as ReplicaSpec;
  const { parts, machine } = new Process(spec, silent);
  // Its backup has executed the epoch of the frame.
  machine.execute({ advanceUs: 0, rate: 1024, slices: 1, inputs: [] });
  const frame = { epoch: 0, index: 0, output: { device: 'nic', data: new Uint8Array(60) } } as const;
  const runner = await PrimaryRunner.start(parts, (env, outside) => {
    // As `Backup.promote` does: before there is a primary that could be told what became of it.
    outside.emit(frame);
    return new Primary(env, outside, { generation: 2, lastInput: 0, emitted: frame });
  });
  await eventually(() => expect(machine.epoch).toBeGreaterThan(3));
  runner.powerOff();
});

test('the clock of a guest makes up for a takeover, also when the fleet says again that it is not paused', async () => {
  const spec = { vm: 'vm', name: 'web', files: {}, settings: DEFAULT_SETTINGS } as unknown as ReplicaSpec;
  const { parts, machine } = new Process(spec, silent);
  const runner = await PrimaryRunner.start(
    parts,
    (env, outside) => new Primary(env, outside, { generation: 2, lastInput: 0 }),
    {
      firstEpoch: () => {},
      firstOutput: () => {},
      fence: Promise.resolve(),
      ownDisks: null,
      completions: () => [],
      heardAt: performance.now() - 400,
    },
  );
  // Answered by an epoch in which nothing happens.
  runner.pause(false);
  await eventually(() => expect(machine.epoch).toBeGreaterThan(1));
  expect(machine.virtualNs).toBeGreaterThan(400e6);
  runner.powerOff();
});

test('a pause waits for the disks, lasts through inputs and a failover, and then the outputs go on', async () => {
  const { primary, runner, backup, promoted, cut } = await pair(silent);
  runner.pause(true);
  await eventually(() => expect(primary.events('paused')).toMatchObject([{ paused: true }]));
  const { epoch } = primary.machine;
  expect(primary.machine.pendingRequests).toEqual([]);
  runner.input(1, { device: 'serial', data: Uint8Array.of(1) });
  await eventually(() => expect(backup.machine.epoch).toBe(epoch));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([primary.machine.epoch, backup.machine.epoch]).toEqual([epoch, epoch]);

  cut();
  const next = await promoted;
  expect(backup.saidOf('resumed')).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(backup.machine.epoch).toBe(epoch);
  // The fleet says again what is so already, and is answered.
  next.pause(true);
  await eventually(() => expect(backup.events('paused')).toMatchObject([{ paused: true }]));
  next.pause(false);
  await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(epoch + 20));
  const numbers = outputs(primary, backup);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

test('inputs that come as soon as a backup has gone live are not lost while it opens its disks', async () => {
  const { backup, backupRunner, promoted, cut } = await pair(silent);
  backup.onSaid = (message) => {
    if (message.type !== 'ft' || message.event.type !== 'live') return;
    // The fleet answers at once, when the new primary is not there yet.
    for (const sequence of [1, 2]) {
      backupRunner.whenPromoted((runner) =>
        runner.input(sequence, { device: 'serial', data: Uint8Array.of(sequence) }),
      );
    }
  };
  cut();
  await promoted;
  await eventually(() => expect(backup.machine.lastInput).toBe(2));
});

describe('a primary that loses its backup', () => {
  test('goes on alone after the test-and-set, and takes another one', async () => {
    const world = await pair();
    const { primary, runner, backup, backupRunner } = world;
    // The backup's process ends before it can claim anything.
    backup.parts.send({ type: 'failed', message: 'killed' });
    runner.peerDied("the secondary's process ended");
    await eventually(() => expect(primary.events('alone')).toEqual([{ type: 'alone', generation: 2 }]));
    await eventually(() =>
      expect(backup.events('halted')).toEqual([expect.objectContaining({ cause: 'lostArbitration' })]),
    );
    expect(backup.halted).toBe(true);
    backupRunner.lostPrimary('said twice');

    const [near, far] = await sockets(world.spec.datastore);
    onTestFinished(() => void near.destroy());
    const second = new Process(world.spec, new LeaseArbiter(world.spec.datastore, 'vm', 'second'));
    new BackupRunner(second.parts, socketTransport(far), () => {});
    runner.protect(socketTransport(near), DEFAULT_SETTINGS);
    await eventually(() => expect(primary.events('protected')).toHaveLength(2));
  });

  test('because Fault Tolerance is turned off lets it go', async () => {
    const { primary, runner, backup } = await pair();
    runner.endProtection();
    await eventually(() => expect(backup.halted).toBe(true));
    expect(primary.events('alone')).toEqual([{ type: 'alone', generation: 2 }]);
    expect(backup.events('halted')).toEqual([expect.objectContaining({ cause: 'ended' })]);
  });
});

test('power-off ends both at the same epoch', async () => {
  const { primary, runner, backup } = await pair();
  runner.powerOff();
  await eventually(() => expect([primary.halted, backup.halted]).toEqual([true, true]));
  expect(backup.events('halted')).toEqual([expect.objectContaining({ cause: 'poweredOff' })]);
  expect([backup.machine.epoch, backup.machine.hash('full')]).toEqual([
    primary.machine.epoch,
    primary.machine.hash('full'),
  ]);
});

describe.each([
  { diskMode: 'shared', diskReads: 'backup' },
  { diskMode: 'separate', diskReads: 'log' },
  { diskMode: 'separate', diskReads: 'backup' },
] as const)('with disks $diskMode and reads in the $diskReads', (modes) => {
  test('a backup whose primary is gone goes on where it was, its disk with it', async () => {
    const { primary, backup, promoted, cut, spec } = await pair(silent, modes);
    const requests = backup.machine.epoch + 300;
    await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(requests));
    cut();
    await promoted;
    const { epoch } = backup.machine;
    await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(epoch + 200));
    const numbers = outputs(primary, backup);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect([primary.machine.contradictions, backup.machine.contradictions]).toEqual([[], []]);
    expect(backup.saidOf('diskError')).toEqual([]);
    expect(diskSlot(spec.datastore, 'vm')).toBe(modes.diskMode === 'separate' ? 'B' : 'A');
  });

  test('a power-off leaves disks that are equal, and says so', async () => {
    const { primary, runner, backup, spec } = await pair(undefined, modes);
    const { epoch } = primary.machine;
    await eventually(() => expect(backup.machine.epoch).toBeGreaterThan(epoch + 300));
    runner.powerOff();
    await eventually(() => expect([primary.halted, backup.halted]).toEqual([true, true]));
    const separate = modes.diskMode === 'separate';
    expect([primary, backup].map((replica) => replica.saidOf('diskClean').length)).toEqual(separate ? [1, 1] : [0, 0]);
    if (!separate) return;
    const [mine, its] = [spec.files.hda ?? '', path.join(spec.datastore, 'disks', 'copy.img')].map((file) =>
      readFileSync(file),
    );
    expect(its?.some((byte) => byte !== 0)).toBe(true);
    expect(its?.equals(mine ?? Buffer.alloc(0))).toBe(true);
  });
});

test('a backup with a disk of another size is not started, and the primary goes on', async () => {
  const datastore = temporaryFolder();
  const file = path.join(datastore, 'disks', 'copy.img');
  mkdirSync(path.dirname(file));
  writeFileSync(file, Buffer.alloc(512));
  const spec = { files: { hda: file }, disk: { slot: 'A', bytes: 1024 }, settings: { diskMode: 'separate' } };
  await expect(prepareOwnDisk(spec as ReplicaSpec)).rejects.toThrow('it is another disk');
});

test('an input is taken once, however often it is sent, and is safe when the backup has it', async () => {
  const { primary, runner, backup } = await pair();
  for (const sequence of [1, 2, 2, 1, 3]) runner.input(sequence, { device: 'serial', data: Uint8Array.of(sequence) });
  await eventually(() => expect(primary.saidOf('committed').at(-1)?.sequence).toBe(3));
  await eventually(() => expect(backup.machine.lastInput).toBe(3));
});

test('inputs do not hurry a primary that is slowed for the sake of its backup', async () => {
  const { primary, runner, deafen } = await pair();
  deafen();
  await eventually(() => expect(primary.saidOf('report').at(-1)?.report.throttle).toBeGreaterThan(0.9));
  const { epoch } = primary.machine;
  const pushed = 2000;
  for (let sequence = 1; sequence <= pushed; sequence++) {
    runner.input(sequence, { device: 'serial', data: Uint8Array.of(1) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Hurried by each it would have executed an epoch for each; slowed, it sleeps 20 ms between two.
  expect(primary.machine.epoch - epoch).toBeLessThan(pushed / 4);
  await eventually(() => expect(primary.machine.lastInput).toBe(pushed));
});

test('a picture is given at once where one is wanted', async () => {
  const { primary, runner } = await pair();
  runner.picture();
  await eventually(() => expect(primary.saidOf('screen')).toEqual([expect.objectContaining({ full: true })]));
});
