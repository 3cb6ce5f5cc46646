/**
 * The guest of a campaign of snapshots: it writes all over its disk without end, and files of known contents when it
 * is told to.
 *
 * Invariant: what it says is in a file it has read from the disk, not from its cache; between two calls its shell waits
 * at its prompt, so that a state which was saved then can be talked to.
 */
import type { SerialProgram, TestHost } from '../support/host.ts';
import { FILES } from './snapshot-plan.ts';

const PATIENCE_MS = 600_000;
export const FILE_BYTES = 131_072;

/** Writes at random places of a large file, some of it synced. */
function churn(diskMB: number): string {
  const pieces = Math.floor((diskMB * 0.6 * 1024) / 64);
  return [
    '(n=0; while :; do',
    `dd if=/dev/urandom of=/mnt/large bs=64k count=4 seek=$(((RANDOM*32768+RANDOM)%${pieces})) conv=notrunc`,
    '2>/dev/null; n=$((n+1)); [ $((n%8)) = 0 ] && sync; usleep 150000; done) &',
  ].join(' ');
}

/** A word of seven digits, as the guest writes it. */
function digits(number: number): string {
  return String(number).padStart(7, '0');
}

export class SnapshotGuest {
  readonly #serial: SerialProgram;
  #calls: number;

  private constructor(serial: SerialProgram, calls: number) {
    this.#serial = serial;
    this.#calls = calls;
  }

  /** After a power-on: waits for its disk and sets it to work. */
  static async boot(host: TestHost, vm: string, diskMB: number): Promise<SnapshotGuest> {
    const serial = host.attach(vm);
    await serial.until(/:~# $/, PATIENCE_MS);
    const guest = new SnapshotGuest(serial, 0);
    await guest.call("exec 2>/dev/null; PS1=''; set +m");
    await guest.call('until grep -q /mnt /proc/mounts; do sleep 0.1; done');
    await guest.call(churn(diskMB));
    return guest;
  }

  /** After it was taken back to a state in which it was at work. `calls` must not have been used before. */
  static async resume(host: TestHost, vm: string, calls: number): Promise<SnapshotGuest> {
    const guest = new SnapshotGuest(host.attach(vm), calls);
    await guest.call('true');
    return guest;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Writes these rounds into these files; resolves when they are on the disk. */
  async write(rounds: ReadonlyMap<number, number>): Promise<void> {
    for (const [file, round] of rounds) {
      await this.call(`yes ${digits(round)} | head -c ${FILE_BYTES} > /mnt/f${file}`);
    }
    await this.call('sync');
  }

  /** What the files hold: of each its round, null where there is none, in words where it is something else. */
  async read(): Promise<(number | string | null)[]> {
    await this.call('sync; echo 3 > /proc/sys/vm/drop_caches');
    const found: (number | string | null)[] = [];
    for (let file = 0; file < FILES; file += 1) {
      const name = `/mnt/f${file}`;
      const said = await this.call(`echo "[$(wc -c < ${name}) $(sort -u ${name} | tr '\\n' ' ')]"`);
      found.push(roundOf(/\[(\d*) ([^\]]*)\]\r?\n/.exec(said)));
    }
    return found;
  }

  /** Tells its shell a line. @returns what was printed meanwhile. */
  async call(line: string): Promise<string> {
    const number = (this.#calls += 1);
    const before = this.#serial.output().length;
    this.#serial.write(`\n${line}\necho do""ne-${number}-\n`);
    await this.#serial.until(new RegExp(`done-${number}-`), PATIENCE_MS);
    return this.#serial.output().slice(before);
  }

  close(): Promise<void> {
    return this.#serial.close();
  }
}

function roundOf(found: RegExpExecArray | null): number | string | null {
  const [, bytes = '', words = ''] = found ?? [];
  if (bytes === '') return found ? null : 'nothing that could be read';
  const lines = new Set(words.trim().split(' '));
  // The last line is cut off.
  const [first = ''] = lines;
  const whole = [...lines].every((word) => word === first || first.startsWith(word) || word.startsWith(first));
  const round = [...lines].find((word) => word.length === 7);
  return whole && Number(bytes) === FILE_BYTES && round !== undefined ? Number(round) : `${bytes} bytes: ${words}`;
}
