// A capture of a VM's NIC, read by Wireshark's own reader.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Capture, WAITING_BYTES_MAX } from '../../main/gateway/capture.ts';
import { DNS_TYPE } from '../../main/gateway/wire/dns.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/folder.ts';
import { GATEWAY, testGateway, vm } from '../support/gateway.ts';
import { OUTSIDE } from '../support/addresses.ts';

const TSHARK = '/usr/bin/tshark';

/** One line for each frame: what tshark says about it. */
function tshark(file: string, filter: string, ...fields: readonly string[]): string[][] {
  const args = ['-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  args.push('-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE');
  const lines = execFileSync(TSHARK, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

// Without Wireshark's reader (Debian's package `tshark`) there is nobody to ask.
test.skipIf(!existsSync(TSHARK))(
  'is read by tshark: every frame, its direction, its time, and none malformed',
  async () => {
    const { guest, request, counters } = await testGateway();
    const { nic } = await guest(1);
    const file = path.join(temporaryFolder(), 'nic.pcapng');
    const before = Date.now() / 1000;
    expect(await request({ type: 'startCapture', vm: vm(1).id, file })).toBeNull();
    nic.address = 0;
    await nic.dhcp();
    nic.ping(GATEWAY, 1);
    nic.ping(OUTSIDE, 2);
    await nic.query(GATEWAY, 'guest-1.local', DNS_TYPE.a);
    await eventually(() => expect(nic.icmp()).toHaveLength(2));
    const frames = counters(vm(1).id).capture?.frames;
    expect(await request({ type: 'stopCapture', vm: vm(1).id })).toBeNull();
    expect(counters(vm(1).id).capture).toBeNull();

    const all = tshark(file, 'frame', 'frame.time_epoch', 'frame.packet_flags_direction', 'frame.protocols');
    expect(all).toHaveLength(frames ?? -1);
    expect(all.filter(([, direction]) => Number(direction) === 2)).toHaveLength(all.length / 2);
    expect(all.every(([time]) => Number(time) >= before - 1 && Number(time) <= Date.now() / 1000 + 1)).toBe(true);
    const protocols = all.map(([, , names]) => names?.split(':').at(-1));
    expect(new Set(protocols)).toEqual(new Set(['dhcp', 'arp', 'data', 'dns', 'icmp']));
    expect(tshark(file, '_ws.malformed || _ws.expert.severity == error', 'frame.number', '_ws.expert.message')).toEqual(
      [],
    );
    expect(tshark(file, 'ip.checksum.status == 0 || udp.checksum.status == 0', 'frame.number')).toEqual([]);
  },
);

const INTERFACE_STATISTICS = 5;

/** A block ends with its length, and begins with its type. */
function lastBlockType(file: Buffer): number {
  return file.readUInt32LE(file.length - file.readUInt32LE(file.length - 4));
}

describe('a capture', () => {
  test('that cannot begin says why', async () => {
    const { guest, request } = await testGateway();
    const folder = temporaryFolder();
    const file = path.join(folder, 'there');
    expect(await request({ type: 'startCapture', vm: vm(1).id, file })).toMatch('the VM is off');
    await guest(1);
    writeFileSync(file, 'mine');
    expect(await request({ type: 'startCapture', vm: vm(1).id, file })).toBe(
      `${file} exists: choose another name, or remove it`,
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
    const nowhere = path.join(folder, 'no', 'folder');
    expect(await request({ type: 'startCapture', vm: vm(1).id, file: nowhere })).toMatch('there is no such folder');
    expect(await request({ type: 'stopCapture', vm: vm(1).id })).toBe('its frames are not being captured');
    const good = path.join(folder, 'good');
    expect(await request({ type: 'startCapture', vm: vm(1).id, file: good })).toBeNull();
    expect(await request({ type: 'startCapture', vm: vm(1).id, file: `${good}2` })).toMatch('stop that first');
  });

  test('ends with its VM, and its file is whole', async () => {
    const { guest, request } = await testGateway();
    const { nic } = await guest(1);
    const file = path.join(temporaryFolder(), 'nic.pcapng');
    await request({ type: 'startCapture', vm: vm(1).id, file });
    await nic.dhcp();
    await request({ type: 'detach', vm: vm(1).id });
    await eventually(() => expect(lastBlockType(readFileSync(file))).toBe(INTERFACE_STATISTICS));
  });

  test('of more than can be written leaves frames out, and says how many', async () => {
    const capture = await Capture.start(path.join(temporaryFolder(), 'flood.pcapng'), 'flood', () => {});
    const frame = new Uint8Array(60_000);
    const many = Math.ceil(WAITING_BYTES_MAX / frame.length) * 3;
    for (let i = 0; i < many; i++) capture.add(frame, 'out', 1);
    const { frames, dropped } = await capture.stop(2);
    expect(frames).toBe(many);
    expect(dropped).toBeGreaterThan(many / 2);
  });

  test('that cannot be written any more ends, says why, and disturbs nobody', () => {
    const file = path.join(temporaryFolder(), 'nic.pcapng');
    const child = fileURLToPath(new URL('./capturer.ts', import.meta.url));
    // The operating system refuses what goes beyond 64 KiB, as a full disk does.
    const said = execFileSync('bash', ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, child, file]);
    expect(said.toString()).toMatch(/nic\.pcapng cannot be written: EFBIG/);
  });
});
