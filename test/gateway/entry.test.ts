// The gateway's process as it is, spoken to as the fleet and as replicas would.

import type { ChildProcess } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  DEFAULT_NETWORK,
  type FromGateway,
  type GatewayEvent,
  type GatewayLinkName,
  type GatewayRequest,
  type ToGateway,
  type VmReport,
} from '../../main/gateway/messages.ts';
import { DNS_TYPE } from '../../main/gateway/wire/dns.ts';
import type { LinkInstruction, LinkListening } from '../../main/transport/parent.ts';
import { socketTransport } from '../../main/transport/socket.ts';
import { startChild } from '../support/children.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { GATEWAY, TestGuest, TestReplica, vm } from '../support/gateway.ts';
import { BROADCAST_MAC, serializeEthernet } from '../../main/gateway/wire/ethernet.ts';
import { mac } from '../support/addresses.ts';

class Fleet {
  readonly child: ChildProcess;
  readonly events: GatewayEvent[] = [];
  report: Extract<FromGateway, { type: 'report' }> | null = null;
  ready = false;
  readonly #answers = new Map<number, (error: string | null) => void>();
  readonly #listening = new Map<string, () => void>();
  readonly #folder = temporaryFolder();
  #count = 0;

  constructor() {
    this.child = startChild('../../main/gateway/entry.ts', import.meta.url, [], { serialization: 'advanced' });
    this.child.on('message', (message: FromGateway | LinkListening) => {
      if ('listening' in message) this.#listening.get(message.listening)?.();
      else if (message.type === 'answer') this.#answers.get(message.request)?.(message.error);
      else if (message.type === 'event') this.events.push(message.event);
      else if (message.type === 'report') this.report = message;
      else if (message.type === 'ready') this.ready = true;
      else throw new Error(message.message);
    });
  }

  static async start(): Promise<Fleet> {
    const fleet = new Fleet();
    await eventually(() => expect(fleet.ready).toBe(true));
    expect(await fleet.request({ type: 'configure', networks: [DEFAULT_NETWORK] })).toBeNull();
    return fleet;
  }

  request(wanted: GatewayRequest): Promise<string | null> {
    this.#count += 1;
    const message: ToGateway = { ...wanted, request: this.#count };
    return new Promise((resolve) => {
      this.#answers.set(message.request, resolve);
      this.child.send(message);
    });
  }

  /** A link as the headless host makes it: the gateway listens, the replica connects. */
  async link(id: string): Promise<TestReplica> {
    this.#count += 1;
    const listen = path.join(this.#folder, `${this.#count}.sock`);
    const instruction: LinkInstruction<GatewayLinkName> = { link: `nic:${id}`, listen };
    await new Promise<void>((resolve) => {
      this.#listening.set(listen, resolve);
      this.child.send(instruction);
    });
    const socket = net.connect(listen);
    onTestFinished(() => void socket.destroy());
    return new TestReplica(socketTransport(socket));
  }

  async guest(n: number): Promise<TestGuest> {
    expect(await this.request({ type: 'attach', vm: vm(n), network: 'default' })).toBeNull();
    return new TestGuest(await this.link(vm(n).id), vm(n).mac, vm(n).address);
  }

  counters(n: number): VmReport | undefined {
    return this.report?.vms.find((one) => one.vm === vm(n).id);
  }
}

async function loopback(port = 0): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}

const text = (payload: Uint8Array | undefined): string => Buffer.from(payload ?? []).toString();

test('a guest gets an address, pings, finds names, talks to the host, and is reached by a forward', async () => {
  const fleet = await Fleet.start();
  const { nic } = await fleet.guest(1);
  nic.address = 0;
  await nic.dhcp();
  nic.ping(GATEWAY, 1, 'hello');
  await eventually(() => expect(text(nic.icmp()[0]?.payload)).toBe('hello'));

  const named = await nic.query(GATEWAY, 'guest-1.lockstep.internal', DNS_TYPE.a);
  expect(named.answers.map(({ data }) => [...data])).toEqual([[10, 77, 0, 11]]);
  // A name from the host's own hosts file; by it the host means itself, which to a guest is the gateway.
  const host = await nic.query(GATEWAY, 'localhost', DNS_TYPE.a);
  expect(host.answers.map(({ data }) => [...data])).toContainEqual([10, 77, 0, 1]);

  const echo = await loopback();
  echo.on('message', (payload, { address, port }) => echo.send(payload, port, address));
  nic.sendUdp(GATEWAY, 5000, echo.address().port, 'echo, please');
  await eventually(() => expect(nic.datagrams().map(({ payload }) => text(payload))).toContain('echo, please'));

  const client = await loopback();
  const taken = dgram.createSocket('udp4');
  taken.bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  const forward = {
    id: 'f',
    protocol: 'udp',
    hostAddress: '127.0.0.1',
    hostPort: port,
    vm: vm(1).id,
    guestPort: 7000,
  } as const;
  expect(await fleet.request({ type: 'addForward', network: 'default', forward })).toMatch('is in use');
  taken.close();
  await once(taken, 'close');
  expect(await fleet.request({ type: 'addForward', network: 'default', forward })).toBeNull();
  client.send('are you in?', port, '127.0.0.1');
  const question = await eventually(() => {
    const found = nic.datagrams().find(({ destinationPort }) => destinationPort === 7000);
    if (!found) throw new Error('nothing came by the forward');
    return found;
  });
  const answered = once(client, 'message');
  nic.sendUdp(question.source, 7000, question.sourcePort, 'yes');
  expect(text(((await answered) as [Uint8Array])[0])).toBe('yes');
  await eventually(() => expect(fleet.counters(1)).toMatchObject({ leased: true, address: vm(1).address, dropped: 0 }));
});

test('a failover is not seen by the other guest: nothing twice, nothing missing, and flows go on', async () => {
  const fleet = await Fleet.start();
  const [one, two] = [await fleet.guest(1), await fleet.guest(2)];
  const echo = await loopback();
  const heard = new Set<number>();
  echo.on('message', (payload, { address, port }) => {
    heard.add(port);
    echo.send(payload, port, address);
  });
  await one.nic.dhcp();
  one.nic.sendUdp(GATEWAY, 5000, echo.address().port, 'before');
  await eventually(() => expect(one.nic.datagrams().map(({ payload }) => text(payload))).toContain('before'));

  const numbered = (n: number): Uint8Array =>
    serializeEthernet({ source: mac(vm(1).mac), destination: BROADCAST_MAC, type: 0x88b5, payload: Uint8Array.of(n) });
  const backup = await fleet.link(vm(1).id);
  const first = one.epoch + 1;
  for (let n = 0; n < 50; n++) one.replica.send(first, n, numbered(n));
  // The primary dies with some of its frames still on their way; the backup says again what it knows not to be heard.
  await eventually(() => expect(one.replica.confirmed.length).toBeGreaterThan(0));
  one.replica.transport.close();
  one.goLive(backup, 2);
  for (let n = 0; n < 100; n++) backup.send(first, n, numbered(n));
  one.epoch = first;
  await eventually(() => expect(backup.confirmed.at(-1)).toEqual({ epoch: first, index: 99 }));
  const got = two.nic.frames.filter(({ type }) => type === 0x88b5).map(({ payload }) => payload[0]);
  expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n));

  one.nic.sendUdp(GATEWAY, 5000, echo.address().port, 'after');
  await eventually(() => expect(one.nic.datagrams().map(({ payload }) => text(payload))).toContain('after'));
  expect(heard.size).toBe(1);
  expect(fleet.events).toContainEqual({ kind: 'wentLive', vm: vm(1).id, generation: 2 });
  await eventually(() => expect(fleet.counters(1)?.repeated).toBeGreaterThan(0));
});

test('requests that make no sense are answered with what to do, and the process lives on', async () => {
  const fleet = await Fleet.start();
  const network = (name: string, change: object) => ({ name, mode: { ...DEFAULT_NETWORK.mode, ...change } }) as never;
  const configure = (...networks: never[]) => fleet.request({ type: 'configure', networks });
  expect(await configure(network('a', { subnet: '10.0.0.1/24' }))).toMatch(
    'the address has host bits, write 10.0.0.0/24',
  );
  expect(await configure(network('a', { subnet: 'everything' }))).toMatch('write it like 10.77.0.0/24');
  expect(await configure(network('a', { subnet: '127.0.0.0/8' }))).toMatch('is not for hosts');
  expect(await configure(network('a', { mtu: 100 }))).toMatch('it is from 576');
  expect(await configure(network('a', { domain: 'no spaces' }))).toMatch('is no domain');
  expect(await configure(network('a', {}), network('a', {}))).toMatch('the same name');

  const attach = (change: object) => fleet.request({ type: 'attach', vm: { ...vm(2), ...change }, network: 'default' });
  await fleet.guest(1);
  expect(await attach({ mac: 'nonsense' })).toMatch('is no MAC address');
  expect(await attach({ mac: '01:00:00:00:00:01' })).toMatch('not one of a single host');
  expect(await attach({ mac: vm(1).mac })).toMatch('has the MAC address of Guest 1');
  expect(await attach({ address: vm(1).address })).toMatch('10.77.0.11 belongs to Guest 1');
  expect(await attach({ address: '10.77.0.1' })).toMatch('choose one between the first and the last of 10.77.0.0/24');
  expect(await attach({ address: '192.168.0.1' })).toMatch('choose one between');
  expect(await attach({ address: null })).toMatch('has no address');
  expect(await fleet.request({ type: 'attach', vm: vm(2), network: 'nowhere' })).toBe('there is no network nowhere');
  expect(await configure()).toMatch('VMs are on default: power them off before it changes');
  expect(await fleet.request({ type: 'detach', vm: vm(1).id })).toBeNull();
  expect(await configure()).toBeNull();
});

test('the process ends with its fleet', async () => {
  const fleet = await Fleet.start();
  const ended = once(fleet.child, 'exit');
  fleet.child.disconnect();
  expect(await ended).toEqual([0, null]);
});
