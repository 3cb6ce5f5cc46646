/**
 * The outside observers of a campaign: programs apart from the product that see only what a guest's outside can see.
 *
 * Invariants checked: the console's numbers are 0, 1, 2, … without a gap, a repeat or a contradiction; what the guest
 * said is on its disk is there, in the guest's own eyes and in the image itself, whose file system is clean; the bytes
 * of its TCP connection are one count, and the connection was never cut unless that was to be expected.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { SerialProgram } from '../support/host.ts';
import { Silence, type Observer } from './clients.ts';
import { digits, FILE_BYTES, FILES } from './load.ts';

/** The program attached to the console reads what the guest's load prints. */
export class ConsoleObserver implements Observer {
  readonly name = 'console';
  readonly #serial: SerialProgram;
  readonly #silence = new Silence();
  readonly #timer: NodeJS.Timeout;
  #taken: number;
  #count = 0;
  readonly #first: number;
  #synced: number;
  #read: number;
  #rest = '';
  #wrong: string | null = null;
  mayBeCut = false;

  /** Begins where the load does; `first` is the first round of the disk. */
  constructor(serial: SerialProgram, first = 0) {
    this.#serial = serial;
    this.#first = first;
    this.#synced = first;
    this.#read = first;
    this.#taken = serial.output().indexOf('C 0\r');
    this.#timer = setInterval(() => this.#look(), 2);
    this.#look();
  }

  get wrong(): string | null {
    return this.#wrong;
  }

  /** Lines counted. */
  get count(): number {
    return this.#count;
  }

  /** The rounds that the guest says are on its disk: the first, and the one after the last. */
  get rounds(): { readonly first: number; readonly synced: number } {
    return { first: this.#first, synced: this.#synced };
  }

  get synced(): number {
    return this.#synced;
  }

  /** Files that the guest has read back. */
  get read(): number {
    return this.#read;
  }

  takeSilence(): number {
    this.#look();
    return this.#silence.take();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    const output = this.#serial.output();
    if (output.length === this.#taken) return;
    this.#silence.heard();
    this.#take(output.slice(this.#taken));
    this.#taken = output.length;
  }

  #take(text: string): void {
    const lines = (this.#rest + text.replaceAll('\r', '')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const [kind, number, ...rest] = line.trimEnd().split(' ');
    if (kind === 'C') this.#expect(line, Number(number), this.#count++);
    else if (kind === 'S') this.#expect(line, Number(number), this.#synced++);
    else if (kind === 'R') {
      this.#expect(line, Number(number), this.#read++);
      if (rest.join(' ') !== digits(Number(number))) this.#wrong ??= `a file reads wrong: ${JSON.stringify(line)}`;
    }
    // What is left are the echoes of what was typed before the load began.
    else if (this.#count > 0) this.#wrong ??= `the console printed ${JSON.stringify(line)}`;
  }

  #expect(line: string, number: number, expected: number): void {
    if (number !== expected) this.#wrong ??= `the console printed ${JSON.stringify(line)} where ${expected} was due`;
  }
}

/** A program on the host to which the guest counts by TCP. */
export class FrameObserver implements Observer {
  readonly name = 'TCP count';
  readonly #silence = new Silence();
  readonly #server = net.createServer((socket) => this.#accept(socket));
  #socket: net.Socket | null = null;
  #closing = false;
  #count = 0;
  /** The next number of the present connection. */
  #next = 0;
  mayBeCut = false;
  #rest = '';
  #wrong: string | null = null;

  get wrong(): string | null {
    return this.#wrong;
  }

  get count(): number {
    return this.#count;
  }

  /** Begins to listen on a free port of the loopback. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  takeSilence(): number {
    return this.#silence.take();
  }

  close(): void {
    this.#closing = true;
    this.#socket?.destroy();
    this.#server.close();
  }

  #accept(socket: net.Socket): void {
    if (this.#socket && !this.mayBeCut) this.#wrong ??= 'the guest connected a second time';
    this.#socket?.destroy();
    this.#socket = socket;
    this.#next = 0;
    this.#rest = '';
    socket.on('data', (bytes) => {
      if (socket === this.#socket) this.#take(bytes.toString('latin1'));
    });
    socket.on('error', (error) => this.#ended(`the connection was cut: ${error.message}`));
    socket.on('end', () => this.#ended('the guest closed the connection'));
  }

  #ended(why: string): void {
    if (!this.#closing && !this.mayBeCut) this.#wrong ??= why;
  }

  #take(text: string): void {
    this.#silence.heard();
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== String(this.#next)) {
        this.#wrong ??= `by TCP came ${JSON.stringify(line)} where ${this.#next} was due`;
      }
      this.#next += 1;
      this.#count += 1;
    }
  }
}

/**
 * Reads an ext4 image that no machine uses: its file system must be clean after its journal was replayed, and the
 * files of the last rounds that the guest said were synced must hold them, or a later round.
 * @returns what is wrong, in words, or null.
 */
export function checkImage(image: string, { first, synced }: ConsoleObserver['rounds']): string | null {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lockstep-image-'));
  try {
    const copy = path.join(folder, 'copy.img');
    execFileSync('cp', ['--sparse=always', image, copy]);
    // The journal of a disk that was in use is replayed (status 1 is "corrected"); then nothing may be left to correct.
    const replayed = spawnSync('e2fsck', ['-fp', copy], { encoding: 'utf8' });
    if ((replayed.status ?? 8) > 1) return `e2fsck -fp ends with ${replayed.status}: ${replayed.stdout}`;
    const clean = spawnSync('e2fsck', ['-fn', copy], { encoding: 'utf8' });
    if (clean.status !== 0) return `e2fsck -fn ends with ${clean.status}: ${clean.stdout}`;
    for (let round = Math.max(first, synced - FILES + 1); round < synced; round += 1) {
      const wrong = checkFile(copy, folder, round);
      if (wrong) return wrong;
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checkFile(image: string, folder: string, round: number): string | null {
  const file = path.join(folder, 'file');
  rmSync(file, { force: true });
  execFileSync('debugfs', ['-R', `dump /f${round % FILES} ${file}`, image], { stdio: 'ignore' });
  const text = readFileSync(file, 'latin1');
  const lines = new Set(text.split('\n').slice(0, -1));
  const [only] = lines;
  const later = Number(only) > round;
  if (lines.size === 1 && text.length === FILE_BYTES && (Number(only) === round || later)) return null;
  // The round after the last synced one may be half written in the very file.
  if (later) return null;
  return `round ${round} was synced, and its file holds ${text.length} bytes: ${[...lines].slice(0, 4).join(' ')}`;
}
