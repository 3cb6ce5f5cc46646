/**
 * The guests' network through real processes: what a guest reaches, who reaches it, and what a failover and the
 * gateway's own death do to that.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ForwardView, HostView, NicView, VmView } from '../../preload/contract/contract.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const host = new TestHost();
let web: Server;
let one: SerialProgram;
let two: SerialProgram;

/** Bytes that are the same for everyone who knows the length. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8)) & 255;
  return bytes;
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const PAYLOAD = pattern(3_000_000);

beforeAll(async () => {
  web = createServer((_request, response) => response.end(PAYLOAD)).listen(0, '127.0.0.1');
  await host.start();
  for (const name of ['one', 'two']) {
    await host.json('vm', 'create', name, '--sample', 'linux', '--memory', '80');
    // Tests share two cores: silence is no sign of death here, a closed channel is.
    await host.json('vm', 'set', name, 'failureTimeoutMs=5000');
  }
  [one, two] = await Promise.all([powerOn('one'), powerOn('two')]);
});

afterAll(async () => {
  await Promise.all([one?.close(), two?.close()]);
  await host.stop();
  host.remove();
  web.close();
});

async function powerOn(name: string): Promise<SerialProgram> {
  await host.json('power', 'on', name);
  const serial = host.attach(name);
  await serial.until(/:~# $/);
  await tell(serial, 'until ip route | grep -q default; do usleep 100000; done');
  return serial;
}

let told = 0;
/** Types a command and gives what it printed. */
async function tell(serial: SerialProgram, command: string, timeoutMs?: number): Promise<string> {
  told += 1;
  const from = serial.output().length;
  // The end mark is not in the echo of the command.
  serial.write(`${command}; echo "en""d ${told}"\n`);
  await serial.until(new RegExp(`\\nend ${told}\\r\\n`), timeoutMs);
  const text = serial.output().slice(from).replaceAll('\r', '');
  return text.slice(text.indexOf('\n') + 1, text.lastIndexOf(`end ${told}`));
}

function get(port: number, where = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const made = request({ port, host: '127.0.0.1', path: where, timeout: 20_000 }, (response) => {
      let text = '';
      response.on('data', (bytes) => (text += String(bytes)));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    made.on('error', reject);
    made.on('timeout', () => made.destroy(new Error('no answer within 20 s')));
    made.end();
  });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a guest has the address that its VM is given, and knows names', { timeout: 120_000 }, async () => {
  const { nic } = await host.json<VmView>('vm', 'show', 'one');
  expect(nic).toMatchObject({ type: 'virtio', network: 'nat', address: '10.77.0.10' });
  expect(nic.mac).toMatch(/^02:4c:53:/);
  expect(await tell(one, 'ip addr show eth0')).toContain(`inet ${nic.address}/24`);
  await expect.poll(async () => (await host.json<VmView>('vm', 'show', 'one')).nic.guestAddress).toBe(nic.address);
  const second = (await host.json<VmView>('vm', 'show', 'two')).nic.address;
  expect(await tell(one, 'nslookup two')).toContain(`Address: ${second}`);
  expect(await tell(one, 'ping -c 2 -W 5 gateway')).toContain('2 packets received');
  expect(await tell(one, 'ping -c 2 -W 5 two')).toContain('2 packets received');
});

test("a guest fetches from a server on the host's loopback, whole", { timeout: 120_000 }, async () => {
  const { port } = web.address() as AddressInfo;
  const printed = await tell(one, `wget -q -O - http://gateway:${port}/ | sha256sum`, 100_000);
  expect(printed).toContain(sha256(PAYLOAD));
});

test('a guest serves through a port forward, which can be changed and removed while it runs', {
  timeout: 120_000,
}, async () => {
  const [first, second] = [await freePort(), await freePort()];
  const made = await host.json<ForwardView>('forward', 'add', 'one', `tcp:${first}:80`);
  expect(await get(first)).toContain('sample guest');
  await host.json('forward', 'set', 'one', String(made.id), `tcp:${second}:80`);
  await expect(get(first)).rejects.toThrow(/ECONNREFUSED/);
  expect(await get(second)).toContain('sample guest');
  await host.json('forward', 'remove', 'one', String(made.id));
  await expect(get(second)).rejects.toThrow(/ECONNREFUSED/);
  expect(await host.json('forward', 'list', 'one')).toEqual([]);
});

test('what cannot be forwarded is refused by name: a port in use, an address that is not ours, nonsense', {
  timeout: 60_000,
}, async () => {
  const { port } = web.address() as AddressInfo;
  const refused = async (...args: string[]): Promise<string> => (await host.run('forward', ...args)).stderr;
  expect(await refused('add', 'one', `tcp:${port}:80`)).toContain(`port ${port} of 127.0.0.1 is in use`);
  expect(await refused('add', 'one', 'tcp:203.0.113.9:8080:80')).toContain('computer has no address');
  expect(await refused('add', 'one', 'tcp:eighty:80')).toContain('is no forward');
  expect(await refused('remove', 'one', '99')).toContain('has no forward 99');
  expect(await host.json('forward', 'list')).toEqual([]);
});

test('a download goes on through the death of the primary, and not a byte is wrong', {
  timeout: 240_000,
}, async () => {
  const port = await freePort();
  await host.json('forward', 'add', 'one', `tcp:${port}:9000`);
  await tell(one, 'dd if=/dev/urandom of=/tmp/big bs=1M count=8 2>/dev/null');
  const sum = (await tell(one, 'sha256sum < /tmp/big')).slice(0, 64);
  one.write('nc -l -p 9000 < /tmp/big &\n');
  await host.json('ft', 'on', 'one');
  const before = await host.waitFor('one', 'protected');
  const hash = createHash('sha256');
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.on('end', resolve);
    socket.on('data', (piece) => {
      hash.update(piece);
      const half = bytes < 4_000_000;
      bytes += piece.length;
      if (half && bytes >= 4_000_000) process.kill(before.primary?.pid ?? 0, 'SIGKILL');
    });
  });
  expect([bytes, hash.digest('hex')]).toEqual([8 << 20, sum]);
  const after = await host.waitFor('one', 'protected');
  expect(after.generation).toBe(before.generation + 1);
});

test('when the gateway dies, guests run on, and everything comes back but the connections', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  await host.json('forward', 'add', 'two', `tcp:${port}:80`);
  expect(await get(port)).toContain('sample guest');
  const { gatewayPid } = await host.json<HostView>('host', 'show');
  process.kill(gatewayPid ?? 0, 'SIGKILL');
  await expect.poll(() => get(port).catch(() => ''), { timeout: 60_000 }).toContain('sample guest');
  expect(await tell(two, 'ping -c 1 -W 5 gateway')).toContain('1 packets received');
  const events = (await host.run('events')).stdout;
  expect(events).toContain('The network gateway ended (killed by SIGKILL)');
  expect((await host.json<HostView>('host', 'show')).gatewayPid).not.toBe(gatewayPid);
});

test('frames can be captured, and others can read the capture', { timeout: 120_000 }, async () => {
  const file = path.join(host.dataFolder, 'one.pcapng');
  await host.json('capture', 'start', 'one', file);
  await tell(one, 'ping -c 3 -W 5 gateway; nslookup two');
  const nic = await host.json<NicView>('capture', 'stop', 'one');
  expect(nic.type).toBe('virtio');
  expect(existsSync(file)).toBe(true);
  expect((await host.run('capture', 'stop', 'one')).stderr).toContain('not being captured');
  const read = spawnSync('tshark', ['-r', file, '-Y', 'icmp || dns || _ws.malformed'], { encoding: 'utf8' });
  // Where there is no tshark the file's own tests have to do (test/gateway/capture.test.ts).
  if (read.error) return;
  expect(read.stdout).toContain('Echo (ping) reply');
  expect(read.stdout).not.toMatch(/malformed/i);
});

test('a forward to a VM that is off is refused, and the user hears of it once', { timeout: 120_000 }, async () => {
  const port = await freePort();
  await host.json('forward', 'add', 'two', `tcp:${port}:80`);
  await two.close();
  await host.json('power', 'off', 'two');
  for (let round = 0; round < 3; round += 1) await expect(get(port)).rejects.toThrow();
  const told = (await host.events('two')).filter(({ kind }) => kind === 'forward.refused');
  expect(told.length).toBe(1);
  two = await powerOn('two');
  expect(await get(port)).toContain('sample guest');
});

test('a network card can be of the old kind, on a network of its own, or not be there', {
  timeout: 120_000,
}, async () => {
  await host.json('network', 'create', 'lab', '--subnet', '10.99.0.0/24');
  await host.json('vm', 'create', 'old', '--sample', 'linux', '--memory', '80', '--nic', 'ne2k', '--network', 'lab');
  const old = await powerOn('old');
  expect(await tell(old, 'ip addr show eth0')).toContain('inet 10.99.0.10/24');
  expect(await tell(old, 'ping -c 2 -W 5 10.99.0.1')).toContain('2 packets received');
  expect((await host.run('nic', 'set', 'old', '--type', 'none')).stderr).toContain('changed while it is off');
  expect((await host.run('network', 'delete', 'lab')).stderr).toContain('"old" is on the network "lab"');
  await old.close();
  await host.json('power', 'off', 'old');
  await host.json('nic', 'set', 'old', '--type', 'none');
  await host.json('power', 'on', 'old');
  const bare = host.attach('old');
  await bare.until(/:~# $/);
  expect(await tell(bare, 'ls /sys/class/net')).not.toContain('eth');
  await bare.close();
});
