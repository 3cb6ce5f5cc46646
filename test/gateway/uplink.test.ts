// A network whose way out is a socket with QEMU's stream framing: a plain one, and Debian's passt.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync } from 'node:fs';
import dgram from 'node:dgram';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { NetworkSpec, UplinkAddress } from '../../main/gateway/messages.ts';
import { BROADCAST_MAC, ETHER_TYPE, serializeEthernet } from '../../main/gateway/wire/ethernet.ts';
import { DHCP_OPTION } from '../../main/gateway/wire/dhcp.ts';
import { serializeStreamFrame, StreamFrames } from '../../main/gateway/wire/stream.ts';
import { eventually, moment } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { testGateway, TestGuest, vm, type TestGateway } from '../support/gateway.ts';
import { mac } from '../support/addresses.ts';

/** The other side of an uplink. */
interface Far {
  readonly frames: Uint8Array[];
  readonly sockets: net.Socket[];
}

async function listen(where: string | number): Promise<{ far: Far; server: net.Server }> {
  const far: Far = { frames: [], sockets: [] };
  const server = net.createServer((socket) => {
    far.sockets.push(socket);
    const stream = new StreamFrames();
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      far.frames.push(...(stream.push(bytes as Buffer) ?? []).map((frame) => frame.slice()));
    });
  });
  server.listen(where);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of far.sockets) socket.destroy();
  });
  return { far, server };
}

function network(address: UplinkAddress): NetworkSpec {
  return { name: 'outside', mode: { kind: 'uplink', address } };
}

async function guestOf(gateway: TestGateway, n: number): Promise<TestGuest> {
  const error = await gateway.request({ type: 'attach', vm: { ...vm(n), address: null }, network: 'outside' });
  expect(error).toBeNull();
  return new TestGuest(gateway.link(vm(n).id), vm(n).mac, vm(n).address);
}

const FAR_MAC = mac('0a:00:00:00:00:01');
const hello = (to: number): Uint8Array =>
  serializeEthernet({ source: FAR_MAC, destination: to, type: 0x88b5, payload: Uint8Array.of(1, 2, 3) });

describe('a plain socket', () => {
  test.each(['path', 'port'])('given as a %s gets the guests’ frames and is heard by them', async (kind) => {
    const where = kind === 'path' ? path.join(temporaryFolder(), 'uplink.sock') : 0;
    const { far, server } = await listen(where);
    const bound = server.address();
    const address: UplinkAddress =
      typeof bound === 'string' || bound === null ? { path: String(bound) } : { host: '127.0.0.1', port: bound.port };
    const gateway = await testGateway({ networks: [network(address)] });
    await eventually(() => expect(gateway.events).toContainEqual({ kind: 'uplinkConnected', network: 'outside' }));
    const { nic } = await guestOf(gateway, 1);
    nic.sendFrame({ destination: BROADCAST_MAC, type: 0x88b5, payload: Uint8Array.of(7) });
    await eventually(() => expect(far.frames.some((frame) => frame.at(-1) === 7)).toBe(true));
    // The announcement of the guest that went live passes the uplink too.
    expect(far.frames.some((frame) => Buffer.from(frame).readUInt16BE(12) === ETHER_TYPE.rarp)).toBe(true);
    far.sockets[0]?.write(serializeStreamFrame(hello(nic.mac)));
    await eventually(() => expect(nic.frames.map(({ source }) => source)).toEqual([FAR_MAC]));
    expect(gateway.gateway.report()?.networks[0]?.uplink).toBe('connected');
  });

  test('that goes away is told once, and is found again when it is back', async () => {
    const where = path.join(temporaryFolder(), 'uplink.sock');
    const gateway = await testGateway({ networks: [network({ path: where })] });
    const kinds = (): string[] => gateway.events.map(({ kind }) => kind).filter((kind) => kind !== 'wentLive');
    await eventually(() => expect(kinds()).toEqual(['uplinkLost']));
    const { nic } = await guestOf(gateway, 1);
    nic.sendFrame({ destination: BROADCAST_MAC, type: 0x88b5, payload: Uint8Array.of(7) });
    await eventually(() => expect(gateway.gateway.report()?.networks[0]?.dropped).toBeGreaterThan(0));
    const { far } = await listen(where);
    await eventually(() => expect(kinds()).toEqual(['uplinkLost', 'uplinkConnected']));
    await eventually(() => expect(far.sockets).toHaveLength(1));
    far.sockets[0]?.destroy();
    await eventually(() => expect(kinds().slice(2)).toEqual(['uplinkLost', 'uplinkConnected']));
  });

  test('that speaks something else is let go, with the reason', async () => {
    const where = path.join(temporaryFolder(), 'uplink.sock');
    const { far } = await listen(where);
    const gateway = await testGateway({ networks: [network({ path: where })] });
    await eventually(() => expect(far.sockets).toHaveLength(1));
    far.sockets[0]?.write('HTTP/1.1 400 Bad Request\r\n');
    await eventually(() =>
      expect(gateway.events.find(({ kind }) => kind === 'uplinkLost')).toMatchObject({
        why: expect.stringContaining('does not speak QEMU’s framing'.replace('’', "'")) as string,
      }),
    );
  });

  test('that reads nothing makes a bounded queue, and drops are counted', async () => {
    const where = path.join(temporaryFolder(), 'uplink.sock');
    const { far } = await listen(where);
    const gateway = await testGateway({ networks: [network({ path: where })] });
    await eventually(() => expect(far.sockets).toHaveLength(1));
    far.sockets[0]?.pause();
    const { nic } = await guestOf(gateway, 1);
    const payload = new Uint8Array(60_000);
    for (let i = 0; i < 200; i++) nic.sendFrame({ destination: BROADCAST_MAC, type: 0x88b5, payload });
    await eventually(() => expect(gateway.counters(vm(1).id).framesOut).toBe(200));
    expect(gateway.gateway.report()?.networks[0]?.dropped).toBeGreaterThan(50);
  });
});

test('a network with an uplink has no forwards of ours', async () => {
  const where = path.join(temporaryFolder(), 'uplink.sock');
  const gateway = await testGateway({ networks: [network({ path: where })] });
  const forward = {
    id: 'f',
    protocol: 'udp',
    hostAddress: '127.0.0.1',
    hostPort: 1,
    vm: 'vm-1',
    guestPort: 1,
  } as const;
  const error = await gateway.request({ type: 'addForward', network: 'outside', forward });
  expect(error).toBe('the forwards of outside are the uplink’s: set them up there'.replace('’', "'"));
});

const PASST = '/usr/bin/passt';

// Without Debian's package `passt` there is nothing to be compatible with.
test.skipIf(!existsSync(PASST))('passt is the way out: DHCP, ARP, and datagrams to the host and back', async () => {
  const folder = temporaryFolder();
  // Started by root, passt becomes `nobody` before it makes its socket.
  chmodSync(folder, 0o777);
  const where = path.join(folder, 'passt.sock');
  const passt = spawn(PASST, ['--foreground', '--ipv4-only', '--socket', where], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(passt, 'close');
  let said = '';
  passt.stderr.on('data', (text: Buffer) => (said += text.toString()));
  onTestFinished(async () => {
    passt.kill('SIGKILL');
    await closed;
  });
  const gateway = await testGateway({ networks: [network({ path: where })] });
  await eventually(() => expect(gateway.events, said).toContainEqual({ kind: 'uplinkConnected', network: 'outside' }));
  const guest = await guestOf(gateway, 1);
  const { nic } = guest;
  nic.address = 0;
  const { options } = await nic.dhcp();
  const router = Buffer.from(options.get(DHCP_OPTION.router) ?? []).readUInt32BE(0);

  const echo = dgram.createSocket('udp4');
  echo.on('message', (payload, { address, port }) => echo.send(payload, port, address));
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  onTestFinished(() => void echo.close());
  // passt, too, lets the router's address stand for the host's loopback.
  nic.sendUdp(router, 5000, echo.address().port, 'through passt');
  await eventually(() =>
    expect(nic.datagrams().map(({ payload }) => Buffer.from(payload).toString())).toContain('through passt'),
  );
  expect(gateway.counters(vm(1).id).address).not.toBeNull();

  // After a failover the same guest goes on by another link.
  guest.goLive(gateway.link(vm(1).id), 2);
  await moment();
  nic.sendUdp(router, 5000, echo.address().port, 'and again');
  await eventually(() =>
    expect(nic.datagrams().map(({ payload }) => Buffer.from(payload).toString())).toContain('and again'),
  );
});
