/**
 * A gateway in the test's own process, with replicas linked to it over real message ports.
 *
 * Invariant: everything closes with the test.
 */
import { MessageChannel } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { Resolve } from '../../main/gateway/dns.ts';
import { Gateway } from '../../main/gateway/gateway.ts';
import {
  DEFAULT_NETWORK,
  type AttachedVm,
  type FromGateway,
  type GatewayEvent,
  type GatewayRequest,
  type NetworkSpec,
  type VmReport,
} from '../../main/gateway/messages.ts';
import type { TransportFactory } from '../../main/gateway/transport-layer.ts';
import { DNS_CODE } from '../../main/gateway/wire/dns.ts';
import { decodeToReplica, encodeToGateway } from '../../main/transport/frames.ts';
import { portTransport, type PortLike } from '../../main/transport/port.ts';
import type { Transport } from '../../main/transport/transport.ts';
import { address, mac } from './addresses.ts';
import { GuestNic } from './guest-nic.ts';

export const GATEWAY = address('10.77.0.1');
const NOBODY: Resolve = () => Promise.resolve({ code: DNS_CODE.noSuchName, records: [] });

/** What a replica does with its link: frames with positions out, frames and confirmations in. */
export class TestReplica {
  readonly frames: Uint8Array[] = [];
  readonly confirmed: { epoch: number; index: number }[] = [];
  readonly transport: Transport;
  closed: string | null = null;
  onFrame: (frame: Uint8Array) => void = () => {};

  constructor(transport: Transport) {
    this.transport = transport;
    transport.onMessage((bytes) => {
      const message = decodeToReplica(bytes);
      if (!message) throw new Error('the gateway sent something that is no message');
      if (message.kind === 'confirm') this.confirmed.push({ epoch: message.epoch, index: message.index });
      else {
        this.frames.push(message.data);
        this.onFrame(message.data);
      }
    });
    transport.onClose((why) => (this.closed = why));
  }

  send(epoch: number, index: number, data: Uint8Array): void {
    this.transport.send(encodeToGateway({ kind: 'frame', epoch, index, data }));
  }

  live(generation: number): void {
    this.transport.send(encodeToGateway({ kind: 'live', generation }));
  }
}

/** A guest whose replica is live, and counts an epoch for every frame. */
export class TestGuest {
  readonly nic: GuestNic;
  epoch = 0;
  replica: TestReplica;

  constructor(replica: TestReplica, ownMac: string, ownAddress: string, generation = 1) {
    this.replica = replica;
    this.nic = new GuestNic(mac(ownMac), address(ownAddress), (frame) => {
      this.epoch += 1;
      this.replica.send(this.epoch, 0, frame);
    });
    this.goLive(replica, generation);
  }

  goLive(replica: TestReplica, generation: number): void {
    this.replica = replica;
    replica.onFrame = (frame) => this.nic.receive(frame);
    replica.live(generation);
  }
}

/** The nth VM of the default network. */
export function vm(n: number): AttachedVm & { readonly address: string } {
  return { id: `vm-${n}`, name: `Guest ${n}`, mac: `02:00:00:00:00:0${n}`, address: `10.77.0.1${n}` };
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly events: GatewayEvent[];
  request(request: GatewayRequest): Promise<string | null>;
  link(id: string): TestReplica;
  /** Attaches the nth VM and gives it a live replica. */
  guest(n: number): Promise<TestGuest>;
  counters(id: string): VmReport;
}

export interface TestGatewayOptions {
  readonly networks?: readonly NetworkSpec[];
  readonly resolve?: Resolve;
  readonly tcp?: TransportFactory;
}

export async function testGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const events: GatewayEvent[] = [];
  const answers = new Map<number, (error: string | null) => void>();
  const receive = (message: FromGateway): void => {
    if (message.type === 'event') events.push(message.event);
    if (message.type === 'answer') answers.get(message.request)?.(message.error);
  };
  const gateway = new Gateway({
    resolve: options.resolve ?? NOBODY,
    tcp: options.tcp ?? null,
    send: receive,
    now: () => performance.now(),
    wallMs: () => performance.timeOrigin + performance.now(),
    soon: (callback) => void setImmediate(callback),
  });
  const timer = setInterval(() => gateway.tick(), 20);
  onTestFinished(() => {
    clearInterval(timer);
    gateway.close();
  });
  let requests = 0;
  const request = (wanted: GatewayRequest): Promise<string | null> =>
    new Promise((resolve) => {
      requests += 1;
      answers.set(requests, resolve);
      gateway.handle({ ...wanted, request: requests });
    });
  const link = (id: string): TestReplica => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    gateway.link(id, portTransport(port1 as PortLike));
    return new TestReplica(portTransport(port2 as PortLike));
  };
  const networks = options.networks ?? [DEFAULT_NETWORK];
  const error = await request({ type: 'configure', networks });
  if (error !== null) throw new Error(error);
  return {
    gateway,
    events,
    request,
    link,
    async guest(n) {
      const wrong = await request({ type: 'attach', vm: vm(n), network: networks[0]?.name ?? '' });
      if (wrong !== null) throw new Error(wrong);
      const guest = new TestGuest(link(vm(n).id), vm(n).mac, vm(n).address);
      return guest;
    },
    counters(id) {
      const report = gateway.report()?.vms.find((one) => one.vm === id);
      if (!report) throw new Error(`${id} is on no network`);
      return report;
    },
  };
}
