/** The doors: everything a client can say, to the session itself and over a real WebSocket. */
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Fleet } from '../../../main/fleet/fleet.ts';
import { limitsOf } from '../../../main/fleet/limits.ts';
import { Session } from '../../../main/fleet/session.ts';
import { connectControl, startControl } from '../../../main/web/control.ts';
import { commands, topics } from '../../../preload/contract/contract.ts';
import { encodeConsoleInput } from '../../../preload/contract/input.ts';
import { encodeBytes } from '../../../preload/contract/messages.ts';
import { FakeProcesses, wellBehaved } from '../../support/fake-processes.ts';
import { makeGuests } from '../../support/guests.ts';
import { changed, joined, type Random, strange } from '../random.ts';
import type { Target } from '../target.ts';

/** The first byte of an input. */
const TEXT = 0;
const BYTES = 1;
const VM = 'web';
const CALLER = { door: 'browser', session: '0' } as const;

/** Arguments with which commands do something; the others get a VM. */
const ARGUMENTS: { readonly [command: string]: object } = {
  'vm.create': { name: 'a vm', sample: 'test', memoryMB: 32 },
  'vm.set': { vm: VM, failureTimeoutMs: 1000, diskMode: 'separate', diskReads: 'log' },
  'nic.set': { vm: VM, type: 'virtio', network: 'default' },
  'media.insert': { vm: VM, drive: 'fda', file: '/nowhere' },
  'media.eject': { vm: VM, drive: 'fda' },
  'ft.wait': { vm: VM, for: 'protected', timeoutSeconds: 0 },
  'console.type': { vm: VM, text: 'Hello, World!' },
  'console.key': { vm: VM, combo: 'ctrl+alt+del' },
  'event.list': { vm: VM, limit: 10 },
  'task.list': { limit: 10 },
  'alarm.list': { limit: 10 },
  'alarm.acknowledge': { vm: VM },
  'record.start': { vm: VM },
  'forward.add': { vm: VM, protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 },
  'forward.list': { vm: VM },
  // No file can be made there: mutated paths are tried on a real disk.
  'capture.start': { vm: VM, file: '/dev/null/x.pcapng' },
  'network.create': { name: 'lab', subnet: '10.88.0.0/24' },
  'network.list': {},
  'host.show': {},
  'vm.list': {},
  fault: { vm: VM, kind: 'cut-channel' },
  inventory: {},
  serial: { vm: VM, history: true },
  events: { since: 0 },
};

const argumentsOf = (name: string): object => ARGUMENTS[name] ?? { vm: VM };
const text = (message: unknown): Uint8Array => joined(Uint8Array.of(TEXT), Buffer.from(JSON.stringify(message)));

/** Every command, every topic, and bytes for those that take some. */
function honest(): Uint8Array[] {
  const calls = Object.keys(commands).map((command, index) =>
    text({ kind: 'call', id: index + 1, command, args: argumentsOf(command) }),
  );
  const subscriptions = Object.keys(topics).flatMap((topic, index) => [
    text({ kind: 'subscribe', subscription: index + 1, topic, args: argumentsOf(topic) }),
    text({ kind: 'unsubscribe', subscription: index + 1 }),
  ]);
  const inputs = Object.keys(topics).flatMap((_topic, index) => [
    joined(
      Uint8Array.of(BYTES),
      encodeBytes(index + 1, encodeConsoleInput({ kind: 'keys', codes: Uint8Array.of(30) })),
    ),
    joined(Uint8Array.of(BYTES), encodeBytes(index + 1, Buffer.from('ls\n'))),
  ]);
  return [...calls, ...subscriptions, ...inputs];
}

/** Texts stay JSON most of the time. */
function drawMessage(samples: readonly Uint8Array[], random: Random): Uint8Array {
  const sample = random.pick(samples);
  if (sample[0] === TEXT && random.below(4) > 0) {
    let message: unknown = JSON.parse(Buffer.from(sample.subarray(1)).toString());
    for (let times = random.below(3); times > 0; times -= 1) message = strange(message, random);
    return text(message ?? null);
  }
  const others = samples.map((other) => other.subarray(1));
  return joined(sample.subarray(0, 1), changed(sample.slice(1), random, others));
}

/** A fleet whose processes are played; some VM is on. */
async function openFleet(): Promise<Fleet> {
  const dataFolder = mkdtempSync(path.join(os.tmpdir(), 'door-'));
  const guests = makeGuests(mkdtempSync(path.join(os.tmpdir(), 'guests-')));
  // Nothing that a client names relative to here is anybody's.
  process.chdir(dataFolder);
  const processes = new FakeProcesses(wellBehaved);
  // Every command is to be carried out, however fast they come.
  const limits = { ...limitsOf(), commandsPerSecond: 1e9 };
  const fleet = new Fleet({ dataFolder, version: '0', processes, guests, limits });
  const session = new Session(fleet, {
    caller: CALLER,
    send: () => {},
    unsentBytes: () => 0,
    refuse: () => {},
    pause: () => {},
  });
  for (const [command, args] of [
    ['vm.create', { name: VM, sample: 'test' }],
    ['power.on', { vm: VM }],
  ] as const) {
    session.receive(JSON.stringify({ kind: 'call', id: 1, command, args }));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return fleet;
}

/** How long the table of VMs grows is not what is fuzzed. */
async function tidy(fleet: Fleet): Promise<void> {
  for (const vm of fleet.all().slice(VMS_MAX)) if (vm.power === 'off') await fleet.delete(vm);
}

const VMS_MAX = 20;

/** Runs of one session: a client that was refused comes again. */
const RUNS_MAX = 200;

export const door: Target = {
  name: 'door',
  about: "a client's messages to a session with a real fleet: every command, topic and input",
  samples: async () => honest(),
  draw: drawMessage,
  allocation: { fixed: 32 << 20, factor: 256 },
  async open() {
    const fleet = await openFleet();
    let refused = false;
    const open = (): Session =>
      new Session(fleet, {
        caller: CALLER,
        send: () => {},
        unsentBytes: () => 0,
        refuse: () => (refused = true),
        pause: () => {},
      });
    let session = open();
    let runs = 0;
    return {
      async run(input) {
        refused = false;
        const body = input.subarray(1);
        session.receive(input[0] === TEXT ? Buffer.from(body).toString() : body);
        await new Promise(setImmediate);
        runs += 1;
        if (refused || runs % RUNS_MAX === 0) {
          session.close();
          session = open();
        }
        await tidy(fleet);
        return !refused;
      },
    };
  },
};

export const websocket: Target = {
  name: 'websocket',
  about: 'the same over a real socket: a client that is refused is let go in words, and the host lives',
  samples: async () => honest(),
  draw: drawMessage,
  allocation: { fixed: 32 << 20, factor: 256 },
  async open() {
    const fleet = await openFleet();
    const folder = mkdtempSync(path.join(os.tmpdir(), 'socket-'));
    await startControl(fleet, folder, () => null);
    let socket: WebSocket | null = null;
    return {
      async run(input) {
        socket ??= await connectControl(folder);
        const client = socket;
        const body = Buffer.from(input.subarray(1));
        client.on('message', () => {});
        client.on('error', () => {});
        client.send(body, { binary: input[0] !== TEXT });
        // The answer to a ping comes behind all that the host does at once.
        const pong = once(client, 'pong').then(() => true);
        const closed = once(client, 'close').then(() => false);
        client.ping();
        const taken = await Promise.race([pong, closed]);
        client.removeAllListeners();
        client.on('error', () => {});
        if (!taken || client.readyState !== WebSocket.OPEN) socket = null;
        await tidy(fleet);
        return taken;
      },
    };
  },
};
