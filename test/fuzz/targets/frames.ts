/**
 * The whole gateway (links, switch, services, NAT with UDP and TCP) between two hostile guests, as its process runs it;
 * and the requests that configure it.
 *
 * Invariant: every packet stays in the network namespace of the process: what the guests reach is an echo on its own
 * loopback.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Gateway } from '../../../main/gateway/gateway.ts';
import { hostGateway, TICK_MS } from '../../../main/gateway/host.ts';
import {
  DEFAULT_NETWORK,
  type AttachedVm,
  type FromGateway,
  type GatewayRequest,
} from '../../../main/gateway/messages.ts';
import { decodeToReplica, encodeToGateway } from '../../../main/transport/frames.ts';
import type { Transport } from '../../../main/transport/transport.ts';
import { Mutator, type FuzzGuest } from '../mutator.ts';
import { joined, strange } from '../random.ts';
import type { Target } from '../target.ts';

const ECHO_PORT = 80;
const TURN_EVERY = 100;

/** A link with a replica that reads everything at once. */
class FuzzLink implements Transport {
  received = 0;
  heard: (frame: Uint8Array) => void = () => {};
  #onMessage: (message: Uint8Array) => void = () => {};

  /** What the replica sends. */
  say(message: Uint8Array): void {
    this.#onMessage(message);
  }

  send(message: Uint8Array): void {
    this.received += 1;
    const decoded = decodeToReplica(message);
    if (decoded?.kind === 'frame') this.heard(decoded.data);
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  unsentBytes(): number {
    return 0;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  pause(): void {}
  onClose(): void {}
  close(): void {}
}

const GUESTS: readonly (FuzzGuest & AttachedVm)[] = [1, 2].map((n) => ({
  id: `vm-${n}`,
  name: `guest ${n}`,
  mac: `02:00:00:00:00:0${n}`,
  address: `10.77.0.1${n}`,
}));
const FORWARD = {
  id: 'f',
  protocol: 'udp',
  hostAddress: '127.0.0.1',
  hostPort: 4000,
  vm: 'vm-1',
  guestPort: 7,
} as const;
const HONEST: readonly GatewayRequest[] = [
  { type: 'configure', networks: [DEFAULT_NETWORK] },
  ...GUESTS.map((vm) => ({ type: 'attach', vm, network: 'default' }) as const),
  { type: 'addForward', network: 'default', forward: FORWARD },
];

/** A gateway whose answers are awaited. */
class Commanded {
  readonly gateway: Gateway;
  #answered: ((error: string | null) => void) | null = null;
  #request = 0;

  constructor() {
    this.gateway = hostGateway((message: FromGateway) => {
      if (message.type === 'answer') this.#answered?.(message.error);
    });
  }

  request(wanted: GatewayRequest): Promise<string | null> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.gateway.handle({ ...wanted, request: (this.#request += 1) });
    });
  }
}

/** The namespace's own loopback, and somebody there who says everything back; without it no connection would open. */
async function openLoopback(): Promise<net.Server> {
  spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'inherit' });
  const echo = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));
  echo.listen(ECHO_PORT, '127.0.0.1');
  await once(echo, 'listening');
  return echo;
}

/** The network must still answer an honest guest: one answer each, and the confirmation of all. */
async function servesStill(link: FuzzLink, mutator: Mutator, epoch: number): Promise<void> {
  // The name server answers a guest so many questions a second.
  await sleep(1100);
  const before = link.received;
  const honest = mutator.honest(0);
  honest.forEach((data, index) => link.say(encodeToGateway({ kind: 'frame', epoch, index, data })));
  await sleep(200);
  const answered = link.received - before;
  if (answered < honest.length + 1) throw new Error(`only ${answered} answers to an honest guest`);
}

function summary(gateway: Gateway): string {
  const vms = gateway.report()?.vms ?? [];
  const counts = vms.map(({ vm, framesIn, framesOut, tcp, udp }) => ({ vm, framesIn, framesOut, tcp, udp }));
  return JSON.stringify(counts);
}

export const frames: Target = {
  name: 'frames',
  about: 'frames of two hostile guests to a whole gateway with UDP and TCP, which must serve an honest one afterwards',
  network: true,
  samples: async () => [],
  // A thousand streams of a gateway may be at work at the same time as one frame.
  allocation: { fixed: 64 << 20, factor: 64 },
  async open(seed) {
    const echo = await openLoopback();
    const commanded = new Commanded();
    const { gateway } = commanded;
    for (const request of HONEST) {
      const error = await commanded.request(request);
      if (error !== null) throw new Error(error);
    }
    const mutator = new Mutator(seed, GUESTS);
    const links = GUESTS.map(({ id }, guest) => {
      const link = new FuzzLink();
      link.heard = (frame) => mutator.heard(guest, frame);
      gateway.link(id, link);
      return link;
    });
    // The links wait their turn behind the requests.
    await nextTurn();
    for (const link of links) link.say(encodeToGateway({ kind: 'live', generation: 1 }));
    const timer = setInterval(() => gateway.tick(), TICK_MS);
    let epoch = 0;
    const count = (): number =>
      gateway.report()?.vms.reduce((sum, { malformed, spoofed }) => sum + malformed + spoofed, 0) ?? 0;
    let refused = count();
    return {
      /** A frame behind the number of its guest. */
      next() {
        const [frame, guest] = mutator.next();
        return joined(Uint8Array.of(guest), frame);
      },
      async run(input) {
        epoch += 1;
        const message = encodeToGateway({ kind: 'frame', epoch, index: 0, data: input.slice(1) });
        links[input[0] ?? 0]?.say(message);
        if (epoch % TURN_EVERY === 0) await nextTurn();
        const before = refused;
        refused = count();
        return refused === before;
      },
      async close() {
        const [link] = links;
        if (link) await servesStill(link, mutator, epoch + 1);
        const said = summary(gateway);
        clearInterval(timer);
        gateway.close();
        echo.close();
        return said;
      },
    };
  },
};

const MORE: readonly GatewayRequest[] = [
  ...HONEST,
  { type: 'removeForward', network: 'default', id: 'f' },
  { type: 'startCapture', vm: 'vm-1', file: '/nowhere/at/all' },
  { type: 'stopCapture', vm: 'vm-1' },
  { type: 'detach', vm: 'vm-2' },
  {
    type: 'configure',
    networks: [DEFAULT_NETWORK, { name: 'up', mode: { kind: 'uplink', address: { path: '/nowhere' } } }],
  },
];

export const requests: Target = {
  name: 'requests',
  about: 'what the fleet asks of the gateway, with values that no fleet would send: each is answered',
  network: true,
  samples: async () => MORE.map((request) => Buffer.from(JSON.stringify(request))),
  draw(samples, random) {
    const request: unknown = JSON.parse(Buffer.from(random.pick(samples)).toString());
    return Buffer.from(JSON.stringify(random.below(4) === 0 ? request : strange(request, random)));
  },
  allocation: { fixed: 32 << 20, factor: 256 },
  async open() {
    const echo = await openLoopback();
    const commanded = new Commanded();
    return {
      async run(input) {
        const request: unknown = JSON.parse(Buffer.from(input).toString());
        // A message is an object: whatever else there is in it.
        if (typeof request !== 'object' || request === null || Array.isArray(request)) return false;
        const error = await commanded.request(request as GatewayRequest);
        commanded.gateway.tick();
        commanded.gateway.report();
        return error === null;
      },
      async close() {
        commanded.gateway.close();
        echo.close();
        return '';
      },
    };
  },
};
