// The gateway's end of a VM's NIC: repeats, failover, back-pressure.

import { describe, expect, test } from 'vitest';
import { QUEUE_FRAMES_MAX, VmPort } from '../../main/gateway/ports.ts';
import { ARP_OPERATION, parseArp } from '../../main/gateway/wire/arp.ts';
import { BROADCAST_MAC, ETHER_TYPE, serializeEthernet } from '../../main/gateway/wire/ethernet.ts';
import type { Transport } from '../../main/transport/transport.ts';
import type { TransportLayer, TransportPacket } from '../../main/gateway/transport-layer.ts';
import { eventually, moment } from '../support/eventually.ts';
import { testGateway, vm } from '../support/gateway.ts';
import { address, mac } from '../support/addresses.ts';

const frame = (n: number): Uint8Array =>
  serializeEthernet({
    source: mac(vm(1).mac),
    destination: BROADCAST_MAC,
    type: 0x88b5,
    payload: Uint8Array.of(n),
  });

describe('a guest with two replicas', () => {
  test('is heard once, whoever of them says it', async () => {
    const { guest, link, counters } = await testGateway();
    const [sender, receiver] = [await guest(1), await guest(2)];
    const primary = sender.replica;
    const backup = link(vm(1).id);
    primary.send(5, 0, frame(1));
    primary.send(5, 1, frame(2));
    await eventually(() => expect(primary.confirmed.at(-1)).toEqual({ epoch: 5, index: 1 }));
    primary.transport.close();
    backup.live(2);
    for (const [epoch, index, n] of [
      [5, 0, 1],
      [5, 1, 2],
      [5, 2, 3],
      [6, 0, 4],
    ] as const) {
      backup.send(epoch, index, frame(n));
    }
    await eventually(() => expect(backup.confirmed.at(-1)).toEqual({ epoch: 6, index: 0 }));
    const heard = receiver.nic.frames.filter(({ type }) => type === 0x88b5).map(({ payload }) => payload[0]);
    expect(heard).toEqual([1, 2, 3, 4]);
    expect(counters(vm(1).id)).toMatchObject({ framesOut: 4, repeated: 2, generation: 2, replicas: 1 });
  });

  test('is confirmed at most once for each turn of the event loop', async () => {
    const { guest } = await testGateway();
    const { replica } = await guest(1);
    for (let index = 0; index < 200; index++) replica.send(1, index, frame(index & 255));
    await eventually(() => expect(replica.confirmed.at(-1)).toEqual({ epoch: 1, index: 199 }));
    expect(replica.confirmed.length).toBeLessThan(200);
  });

  test('hears by the one of the higher generation, and never by an older one again', async () => {
    const { guest, link } = await testGateway();
    const [one, two] = [await guest(1), await guest(2)];
    const former = one.replica;
    const next = link(vm(1).id);
    one.goLive(next, 7);
    former.live(6);
    await moment();
    former.frames.splice(0);
    two.nic.ping(one.nic.address, 1);
    await eventually(() => expect(one.nic.icmp()).toHaveLength(1));
    expect(former.frames).toEqual([]);
  });

  test('is announced where it went live, by its address if that is known, and the network hears of it', async () => {
    const { guest, link, events } = await testGateway();
    const [one, two] = [await guest(1), await guest(2)];
    const reverse = (): number => two.nic.frames.filter(({ type }) => type === ETHER_TYPE.rarp).length;
    await one.nic.dhcp();
    one.goLive(link(vm(1).id), 2);
    await eventually(() => expect(events).toContainEqual({ kind: 'wentLive', vm: vm(1).id, generation: 2 }));
    const announced = { senderMac: one.nic.mac, senderAddress: one.nic.address, targetAddress: one.nic.address };
    await eventually(() => {
      const arps = two.nic.frames.flatMap(({ type, payload }) => (type === ETHER_TYPE.arp ? [parseArp(payload)] : []));
      expect(arps).toContainEqual(expect.objectContaining({ operation: ARP_OPERATION.request, ...announced }));
    });
    const before = reverse();
    two.goLive(link(vm(2).id), 2);
    one.nic.frames.splice(0);
    two.goLive(link(vm(2).id), 3);
    await eventually(() => expect(one.nic.frames.some(({ type }) => type === ETHER_TYPE.rarp)).toBe(true));
    expect(reverse()).toBe(before);
  });
});

test('frames wait for the next replica while there is none', async () => {
  const { guest, link } = await testGateway();
  const [one, two] = [await guest(1), await guest(2)];
  two.nic.router = one.nic.mac;
  one.replica.transport.close();
  await moment();
  two.nic.ping(one.nic.address, 1);
  await moment();
  one.goLive(link(vm(1).id), 2);
  await eventually(() => expect(one.nic.icmp()).toHaveLength(1));
});

test('a VM that is powered on again counts from the beginning, and its former replicas are cut off', async () => {
  const { guest, counters } = await testGateway();
  const before = await guest(1);
  before.replica.send(100, 5, frame(1));
  await eventually(() => expect(counters(vm(1).id).framesOut).toBe(1));
  const again = await guest(1);
  again.replica.send(0, 0, frame(2));
  await eventually(() => expect(again.replica.confirmed).toEqual([{ epoch: 0, index: 0 }]));
  await eventually(() => expect(before.replica.closed).not.toBeNull());
  expect(counters(vm(1).id)).toMatchObject({ framesOut: 1, repeated: 0 });
});

test('a link for a VM that is on no network is closed, and so is one that talks nonsense', async () => {
  const { guest, link, events } = await testGateway();
  const stranger = link('nobody');
  await eventually(() => expect(stranger.closed).not.toBeNull());
  const { replica } = await guest(1);
  replica.transport.send(Uint8Array.of(99));
  await eventually(() => expect(replica.closed).not.toBeNull());
  expect(events.filter(({ kind }) => kind === 'linkRefused')).toHaveLength(2);
});

/** A link whose other side reads when the test says so. */
class SlowLink implements Transport {
  readonly sent: Uint8Array[] = [];
  unsent = 0;
  #drained: (() => void)[] = [];
  #onMessage: (message: Uint8Array) => void = () => {};

  send(message: Uint8Array): void {
    this.sent.push(message);
    this.unsent += message.length;
  }

  unsentBytes(): number {
    return this.unsent;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  read(): void {
    this.unsent = 0;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  say(message: Uint8Array): void {
    this.#onMessage(message);
  }

  pause(): void {}
  onClose(): void {}
  close(): void {}
}

test('a replica that does not read fills a bounded queue; what is beyond is dropped, and room is told', async () => {
  let ready = 0;
  const nothing = (): void => {};
  const hooks = { received: nothing, delivered: nothing, wentLive: nothing, broken: nothing };
  const port = new VmPort({ ...hooks, ready: () => (ready += 1), soon: setImmediate });
  const slow = new SlowLink();
  port.link(slow);
  slow.say(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f));
  const large = new Uint8Array(1500);
  let accepted = 0;
  for (let i = 0; i < 5000; i++) if (port.deliver(large)) accepted += 1;
  expect(port.writable).toBe(false);
  expect(accepted).toBeLessThanOrEqual(QUEUE_FRAMES_MAX + 200);
  expect(port.counters.dropped).toBe(5000 - accepted);
  while (slow.sent.length < accepted) {
    slow.read();
    await new Promise(setImmediate);
  }
  expect([ready, port.writable, slow.sent.length]).toEqual([1, true, accepted]);
});

test('a transport that plugs in gets packets, hears of going live, and is told when its guest is gone', async () => {
  const story: string[] = [];
  const received: TransportPacket[] = [];
  const layer: TransportLayer = {
    receive: (packet) => void received.push(packet),
    tick: () => {},
    wentLive: (guest) => void story.push(`live ${guest}`),
    forget: (guest) => void story.push(`forget ${guest}`),
    close: () => void story.push('close'),
    connections: () => ({ open: 3, total: 4 }),
  };
  let send: (packet: TransportPacket) => boolean = () => false;
  const { guest, request, counters } = await testGateway({
    tcp: (host) => {
      ({ send } = { send: (packet) => host.send(packet) });
      return { ...layer, listen: () => Promise.reject(new Error('not here')) };
    },
  });
  const { nic } = await guest(1);
  await nic.dhcp();
  const outside = address('203.0.113.9');
  nic.sendPacket({ destination: outside, protocol: 6, payload: Uint8Array.of(1, 2, 3) });
  await eventually(() => expect(received).toHaveLength(1));
  expect(received[0]).toMatchObject({ source: nic.address, destination: outside });
  expect(send({ source: outside, destination: nic.address, payload: Uint8Array.of(9) })).toBe(true);
  expect(send({ source: outside, destination: address('10.77.0.99'), payload: Uint8Array.of(9) })).toBe(false);
  await eventually(() => expect(nic.packets(6).map(({ source }) => source)).toEqual([outside]));
  expect(counters(vm(1).id).tcp).toEqual({ open: 3, total: 4 });
  await request({ type: 'detach', vm: vm(1).id });
  expect(story).toEqual([`live ${nic.address}`, `forget ${nic.address}`]);
});
