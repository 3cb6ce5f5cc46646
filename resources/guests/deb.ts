// Reads files out of a Debian package in one pass, without unpacking it to the disk.
// Invariant: memory holds only the wanted files, each at most 128 MiB; links and device nodes are not followed.

import { run } from './run.ts';

const block = 512;
const largest = 128 * 1024 * 1024;

/** The wanted regular files of a package, by path without the leading "./". */
export async function readDeb(file: string, wanted: (path: string) => boolean): Promise<Map<string, Buffer>> {
  const reader = new TarReader(wanted);
  await run('dpkg-deb', ['--fsys-tarfile', file], { onData: (piece) => reader.push(piece) });
  return reader.files;
}

/** A streaming reader of the tar format that dpkg writes (ustar with GNU long names). */
export class TarReader {
  readonly files = new Map<string, Buffer>();
  readonly #wanted: (path: string) => boolean;
  readonly #header = Buffer.alloc(block);
  #filled = 0;
  #body: Buffer | undefined;
  #left = 0; // bytes of the current member's body still to come
  #padding = 0;
  #name = '';
  #type = '';
  #longName: string | undefined;

  constructor(wanted: (path: string) => boolean) {
    this.#wanted = wanted;
  }

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#left > 0) {
        const n = Math.min(this.#left, piece.length - at);
        if (this.#body) piece.copy(this.#body, this.#body.length - this.#left, at, at + n);
        this.#left -= n;
        at += n;
        if (this.#left === 0) this.#finish();
      } else if (this.#padding > 0) {
        const n = Math.min(this.#padding, piece.length - at);
        this.#padding -= n;
        at += n;
      } else {
        const n = Math.min(block - this.#filled, piece.length - at);
        piece.copy(this.#header, this.#filled, at, at + n);
        this.#filled += n;
        at += n;
        if (this.#filled === block) this.#start();
      }
    }
  }

  #start(): void {
    this.#filled = 0;
    const h = this.#header;
    if (h[0] === 0) return; // the end is two zero blocks
    const text = (from: number, to: number): string => h.toString('latin1', from, to).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 136).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0) throw new Error('the package holds a broken tar header');
    const prefix = text(257, 262) === 'ustar' && h[263] === 0x30 ? text(345, 500) : '';
    this.#type = String.fromCharCode(h[156] as number);
    this.#name = this.#longName ?? (prefix ? `${prefix}/${text(0, 100)}` : text(0, 100));
    if (this.#type !== 'L') this.#longName = undefined;
    this.#name = this.#name.replace(/^\.\//, '');
    const keep = this.#type === 'L' || ((this.#type === '0' || this.#type === '\0') && this.#wanted(this.#name));
    if (keep && size > largest) throw new Error(`${this.#name} in the package is absurdly large: ${size} bytes`);
    this.#body = keep ? Buffer.alloc(size) : undefined;
    this.#left = size;
    this.#padding = -size & (block - 1);
    if (size === 0) this.#finish();
  }

  #finish(): void {
    if (!this.#body) return;
    if (this.#type === 'L') this.#longName = this.#body.toString('utf8').replace(/\0.*$/s, '');
    else this.files.set(this.#name, this.#body);
    this.#body = undefined;
  }
}
