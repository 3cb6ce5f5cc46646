/**
 * The mixed load: records a Linux guest from power-on through some minutes of work in one process, with the real pacer
 * and a real disk image, replays the recording in another, and compares full hashes at every checkpoint, JIT on.
 *
 * Invariant: the replaying process knows nothing but the recording (the log, byte for byte as on the logging channel)
 * and the files the VM is made of; it opens no disk image for blocks, asks no clock, and looks at no screen.
 */
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { DEFAULT_SETTINGS } from '../../main/ft/constants.ts';
import { decodeEntry, encodeEntry, type Entry } from '../../main/ft/log.ts';
import { wholeHead, type Input } from '../../main/ft/entry.ts';
import { encodeKeyboardInput } from '../../main/machine/devices/keyboard.ts';
import { encodeMouseInput } from '../../main/machine/devices/mouse.ts';
import { encodeSerialInput } from '../../main/machine/devices/serial.ts';
import type { Machine } from '../../main/machine/machine.ts';
import { guestLibrary } from '../../main/paths.ts';
import { buildMachine } from '../../main/replica/build-machine.ts';
import { Disks } from '../../main/replica/disks.ts';
import type { ReplicaSpec } from '../../main/replica/messages.ts';
import { Pacer } from '../../main/replica/pacer.ts';
import { typeText } from '../../preload/contract/keys.ts';

const CHECKPOINT_MS = 5000;
const CPU_HASH_EPOCHS = 16;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** The shell's part of the load; the rest are keys, the mouse and the disk's own delays. */
const LOAD = [
  'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; echo loop $i',
  'dd if=/dev/zero bs=64k count=100 2>/dev/null | md5sum',
  'head -c 1000000 /bin/busybox | gzip | md5sum',
  'dd if=/dev/urandom of=/mnt/a bs=4k count=200 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches; md5sum /mnt/a',
  'ls -R /bin /lib > /dev/tty1; rm -f /mnt/a',
  "awk 'BEGIN { x = 1.5; for (i = 0; i < 20000; i++) x = x * 1.000001 + 0.25 / (i + 1); print x }'",
  'for i in 1 2 3 4 5 6 7 8; do /bin/true; done; cat /proc/interrupts; date; free',
  'sleep 1',
];

function spec(disk: string): ReplicaSpec {
  const guests = guestLibrary();
  return {
    vm: 'determinism',
    name: 'determinism',
    holder: 'determinism',
    datastore: os.tmpdir(),
    memoryMB: 128,
    vgaMemoryMB: 8,
    seed: 20101213,
    startTimeMs: 1_763_700_000_000,
    nic: { type: 'virtio', mac: '02:4c:53:00:00:01', mtu: 1500 },
    files: { bios: guests.bios, vgaBios: guests.vgaBios, ...guests.linux, hda: disk },
    cmdline: readFileSync(guests.linux.cmdline, 'utf8').trim(),
    settings: DEFAULT_SETTINGS,
  };
}

/** What goes on outside while the guest works. */
class Load {
  #serial = '';
  #next = 0;
  #keyAt = 0;

  /** The guest printed this. */
  printed(text: string): void {
    this.#serial = (this.#serial + text).slice(-200);
  }

  inputs(nowMs: number): Input[] {
    const inputs: Input[] = [];
    const add = (device: Input['device'], data: Uint8Array): void => void inputs.push({ device, sequence: 0, data });
    if (this.#serial.endsWith(':~# ')) {
      this.#serial = '';
      add('serial', encodeSerialInput(Buffer.from(`${LOAD[this.#next++ % LOAD.length]}\n`)));
    }
    if (nowMs - this.#keyAt > 150) {
      this.#keyAt = nowMs;
      for (const codes of typeText(this.#next % 3 === 0 ? 'ls\n' : 'x\b'))
        add('keyboard', encodeKeyboardInput(Uint8Array.from(codes)));
      add('mouse', encodeMouseInput({ dx: (this.#next % 7) - 3, dy: 2, wheel: 0, buttons: this.#next % 2 }));
    }
    return inputs;
  }
}

async function record(file: string, disk: string, minutes: number): Promise<void> {
  const machine = await buildMachine(spec(disk));
  const out = openSync(file, 'w');
  const write = (entry: Entry): void => void writeSync(out, encodeEntry(entry, zlib.crc32));
  const completions: Input[] = [];
  const disks = await Disks.open(
    [['hda', disk]],
    (data) => void completions.push({ device: 'disk', sequence: 0, data }),
    (message) => say(`disk error: ${message}`),
  );
  const pacer = new Pacer(() => Number(process.hrtime.bigint()));
  pacer.restart(machine.virtualNs);
  const load = new Load();
  const startedAt = performance.now();
  let checkpointAt = startedAt;
  while (performance.now() - startedAt < minutes * 60_000) {
    const now = performance.now();
    const { epoch } = machine;
    if (now - checkpointAt > CHECKPOINT_MS) {
      checkpointAt = now;
      write({ kind: 'hash', epoch, region: 'full', hash: machine.hash('full') });
    } else if (epoch % CPU_HASH_EPOCHS === 0) {
      write({ kind: 'hash', epoch, region: 'cpu', hash: machine.hash('cpu') });
    }
    const head = pacer.head(machine.virtualNs, [...completions.splice(0), ...load.inputs(now)]);
    write({ kind: 'head', epoch, head });
    const before = machine.instructions;
    const { outputs, requests, idleMs } = machine.execute(head);
    for (const request of requests) disks.issue(request);
    if (requests.length + outputs.length > 0) pacer.stirred();
    for (const output of outputs) {
      if (output.device === 'serial') load.printed(Buffer.from(output.data).toString('latin1'));
    }
    if (epoch % 97 === 0) machine.screen(epoch % 2 === 1);
    const wait = pacer.executed(machine.virtualNs, machine.instructions - before, idleMs);
    await new Promise((resolve) => (wait < 1 ? setImmediate(resolve) : setTimeout(resolve, wait)));
  }
  write({ kind: 'hash', epoch: machine.epoch, region: 'full', hash: machine.hash('full') });
  closeSync(out);
  await disks.close();
  tell('recorded', machine, file);
}

async function replay(file: string, disk: string): Promise<void> {
  const machine = await buildMachine(spec(disk));
  let rest: Uint8Array = readFileSync(file);
  const checked = { cpu: 0, full: 0 };
  while (rest.length > 0) {
    const decoded = decodeEntry(rest, zlib.crc32);
    if (!decoded) throw new Error(`the recording ends inside an entry, after epoch ${machine.epoch}`);
    rest = rest.subarray(decoded.length);
    const { entry } = decoded;
    if (entry.kind === 'head') {
      const head = wholeHead(entry.head);
      if (!head) throw new Error(`the head of epoch ${entry.epoch} lacks what was read from a disk`);
      machine.execute(head);
    } else if (entry.kind === 'hash') {
      const mine = machine.hash(entry.region);
      const level = entry.region === 'full' ? 'full' : 'cpu';
      if (mine !== entry.hash) throw new Error(`epoch ${entry.epoch}: the ${level} state differs`);
      checked[level] += 1;
    }
  }
  tell('replayed', machine, file);
  say(`equal: ${checked.full} full hashes, ${checked.cpu} CPU hashes`);
}

function tell(what: string, machine: Machine, file: string): void {
  const instructions = (machine.instructions / 1e9).toFixed(2);
  const log = (statSync(file).size / 2 ** 20).toFixed(1);
  say(
    `${what} ${machine.epoch} epochs, ${instructions} G instructions, ` +
      `${(machine.virtualNs / 1e9).toFixed(1)} s, log ${log} MiB`,
  );
}

function inAnotherProcess(...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [import.meta.filename, ...args], { stdio: 'inherit' });
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${args[0]} ended with ${code}`))));
  });
}

/** @throws {Error} when a process fails, or the replay differs. `keep`: where the recording is to stay. */
export async function mixedLoad(minutes: number, keep: string | undefined): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-determinism-'));
  const file = keep ?? path.join(folder, 'log');
  const [fresh, used] = [path.join(folder, 'a.img'), path.join(folder, 'b.img')];
  try {
    for (const image of [fresh, used]) copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), image);
    await inAnotherProcess('record', file, used, String(minutes));
    await inAnotherProcess('replay', file, fresh);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// The two processes are this file, started with what they are to do.
if (process.argv[1] === import.meta.filename) {
  const [what, file = '', disk = '', minutes] = process.argv.slice(2);
  if (what === 'record') await record(file, disk, Number(minutes));
  else await replay(file, disk);
}
