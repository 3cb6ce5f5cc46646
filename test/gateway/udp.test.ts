// UDP between guests and real sockets of the host, and forwards.

import dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_NETWORK, type Forward } from '../../main/gateway/messages.ts';
import { FLOWS_PER_GUEST_MAX } from '../../main/gateway/nat/udp.ts';
import { UNREACHABLE } from '../../main/gateway/wire/icmp.ts';
import { eventually, moment } from '../support/eventually.ts';
import { GATEWAY, testGateway, vm } from '../support/gateway.ts';

interface Host {
  readonly socket: dgram.Socket;
  readonly port: number;
  readonly heard: { text: string; port: number }[];
}

/** A socket on the host's loopback. */
async function host(answer: (text: Buffer) => Buffer | null = () => null): Promise<Host> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const heard: Host['heard'] = [];
  socket.on('message', (payload, { address, port }) => {
    heard.push({ text: payload.toString(), port });
    const reply = answer(payload);
    if (reply) socket.send(reply, port, address);
  });
  onTestFinished(() => void socket.close());
  return { socket, port: socket.address().port, heard };
}

const texts = (list: readonly { readonly payload: Uint8Array }[]): string[] =>
  list.map(({ payload }) => Buffer.from(payload).toString());

async function forwarded(change: Partial<Forward> = {}) {
  const free = await host();
  const { port } = free;
  const made = await testGateway();
  const forward: Forward = {
    id: 'f1',
    protocol: 'udp',
    hostAddress: '127.0.0.1',
    hostPort: port,
    vm: vm(1).id,
    guestPort: 7000,
    ...change,
  };
  return {
    ...made,
    free,
    forward,
    add: (one: Forward) => made.request({ type: 'addForward', network: 'default', forward: one }),
  };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

describe('a guest', () => {
  test('reaches the host’s loopback by the gateway’s address, and is answered', async () => {
    const { guest, counters } = await testGateway();
    const { nic } = await guest(1);
    const echo = await host((payload) => payload);
    nic.sendUdp(GATEWAY, 5000, echo.port, 'one');
    nic.sendUdp(GATEWAY, 5000, echo.port, 'two');
    await eventually(() => expect(texts(nic.datagrams())).toEqual(['one', 'two']));
    expect(nic.datagrams()[0]).toMatchObject({ source: GATEWAY, sourcePort: echo.port, destinationPort: 5000 });
    expect(new Set(echo.heard.map(({ port }) => port)).size).toBe(1);
    expect(counters(vm(1).id).udp).toEqual({ open: 1, total: 1 });
  });

  test('sends and gets datagrams that are longer than a frame', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    const echo = await host((payload) => Buffer.concat([payload, payload]));
    nic.sendUdp(GATEWAY, 5000, echo.port, new Uint8Array(4000).fill(65));
    await eventually(() => expect(nic.packets(17).reduce((sum, { payload }) => sum + payload.length, 0)).toBe(8008));
    expect(nic.frames.every(({ payload }) => payload.length <= 1500)).toBe(true);
  });

  test('is told that a port of the host is closed', async () => {
    const { guest } = await testGateway();
    const { nic } = await guest(1);
    nic.sendUdp(GATEWAY, 5000, await freePort(), 'hello?');
    await eventually(() => expect(nic.icmp()).toMatchObject([{ type: 3, code: UNREACHABLE.port }]));
  });

  test('does not reach the host’s loopback where the network forbids it', async () => {
    const mode = { ...DEFAULT_NETWORK.mode, hostLoopback: false };
    const { guest } = await testGateway({ networks: [{ name: 'default', mode }] });
    const { nic } = await guest(1);
    const echo = await host((payload) => payload);
    nic.sendUdp(GATEWAY, 5000, echo.port, 'one');
    await eventually(() => expect(nic.icmp()).toMatchObject([{ type: 3, code: UNREACHABLE.port }]));
    expect(echo.heard).toEqual([]);
  });

  test('with a thousand flows keeps a bounded number of sockets', async () => {
    const { guest, counters } = await testGateway();
    const { nic } = await guest(1);
    const silent = await host();
    for (let port = 1; port <= 1000; port++) nic.sendUdp(GATEWAY, port, silent.port, 'x');
    await eventually(() => expect(counters(vm(1).id).udp.total).toBe(1000));
    expect(counters(vm(1).id).udp.open).toBe(FLOWS_PER_GUEST_MAX);
  });

  test('that is powered off has no flows left', async () => {
    const { guest, request, counters } = await testGateway();
    const { nic } = await guest(1);
    const echo = await host((payload) => payload);
    nic.sendUdp(GATEWAY, 5000, echo.port, 'one');
    await eventually(() => expect(nic.datagrams()).toHaveLength(1));
    await request({ type: 'detach', vm: vm(1).id });
    await guest(1);
    expect(counters(vm(1).id).udp).toEqual({ open: 0, total: 0 });
  });
});

describe('a forward', () => {
  test('leads to the guest, whose answer goes back to whoever asked', async () => {
    const { guest, add, forward, free } = await forwarded();
    const port = await freePort();
    expect(await add({ ...forward, hostPort: port })).toBeNull();
    const { nic } = await guest(1);
    const other = await host();
    free.socket.send('from one', port, '127.0.0.1');
    other.socket.send('from two', port, '127.0.0.1');
    await eventually(() => expect(nic.datagrams()).toHaveLength(2));
    for (const { source, sourcePort, destinationPort, payload } of nic.datagrams()) {
      expect([source, destinationPort]).toEqual([GATEWAY, 7000]);
      nic.sendUdp(source, 7000, sourcePort, `re: ${Buffer.from(payload).toString()}`);
    }
    await eventually(() =>
      expect([free.heard, other.heard]).toEqual([[{ text: 're: from one', port }], [{ text: 're: from two', port }]]),
    );
  });

  test('listens while its VM is off; who comes is refused, counted, and told once', async () => {
    const { guest, add, forward, free, events, gateway } = await forwarded();
    const port = await freePort();
    await add({ ...forward, hostPort: port });
    for (let i = 0; i < 3; i++) free.socket.send('anybody?', port, '127.0.0.1');
    await eventually(() => expect(gateway.report()?.forwards).toEqual([{ network: 'default', id: 'f1', refused: 3 }]));
    expect(events).toEqual([{ kind: 'forwardRefused', network: 'default', forward: { ...forward, hostPort: port } }]);
    const { nic } = await guest(1);
    free.socket.send('now?', port, '127.0.0.1');
    await eventually(() => expect(texts(nic.datagrams())).toEqual(['now?']));
  });

  test('is gone when it was removed, and its port is free again', async () => {
    const { guest, request, add, forward, free } = await forwarded();
    const port = await freePort();
    await add({ ...forward, hostPort: port });
    const { nic } = await guest(1);
    expect(await request({ type: 'removeForward', network: 'default', id: 'f1' })).toBeNull();
    expect(await request({ type: 'removeForward', network: 'default', id: 'f1' })).toBe('there is no forward f1');
    free.socket.send('still there?', port, '127.0.0.1');
    await moment();
    expect(nic.datagrams()).toEqual([]);
    expect(await add({ ...forward, hostPort: port })).toBeNull();
  });

  test('that cannot be says what is wrong and what to do', async () => {
    const { add, forward, request } = await forwarded();
    expect(await add(forward)).toMatch(/port \d+ of 127\.0\.0\.1 is in use: choose another port/);
    expect(await add({ ...forward, hostAddress: '203.0.113.7' })).toMatch('this computer has no address 203.0.113.7');
    expect(await add({ ...forward, hostAddress: 'example.com' })).toMatch('"example.com" is no address');
    expect(await add({ ...forward, hostPort: 0 })).toBe('0 is no port: ports are from 1 to 65535');
    expect(await add({ ...forward, guestPort: 70_000 })).toMatch('70000 is no port');
    expect(await add({ ...forward, protocol: 'tcp' })).toMatch('carries no TCP');
    expect(await request({ type: 'addForward', network: 'other', forward })).toBe('there is no network other');
    const good = { ...forward, hostPort: await freePort() };
    expect(await add(good)).toBeNull();
    expect(await add({ ...good, hostPort: await freePort() })).toBe('there is a forward f1 already');
  });
});

test('what goes to another address of the network, or to a group, does not leave it', async () => {
  const { guest, gateway } = await testGateway();
  const { nic } = await guest(1);
  await nic.dhcp();
  nic.sendUdp(0x0a4d0063, 1, 2, 'to nobody');
  nic.sendUdp(0xe0000001, 1, 2, 'to a group');
  nic.sendUdp(0x7f000001, 1, 2, 'to a loopback');
  await eventually(() => expect(gateway.report()?.networks[0]?.undelivered).toBe(3));
});
