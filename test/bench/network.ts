/**
 * `npm run bench:network -- [--megabytes N] [--report FILE.json]`: how fast bytes go through a port forward, to the
 * guest and from it, alone and Protected, and that every one of them arrives as it was.
 *
 * Invariant: the bytes of each direction are compared by sha256 of both ends; such a row is printed only when they were
 * equal. Hashing costs the guest more than the network does, so there is a row to the guest without it too.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { prepareCheckout } from '../../main/prepare.ts';
import { TestHost, type SerialProgram } from '../support/host.ts';

const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '64' }, report: { type: 'string' } },
});
/** In whole pieces. */
const PIECES = Math.ceil(Number(values.megabytes) / 16);
const MEGABYTES = PIECES * 16;
const BYTES = MEGABYTES << 20;
const VM = 'bench';
/** What is sent again and again: random, and as much as the guest's memory well holds. */
const PIECE_BYTES = 16 << 20;
/** Where the guest listens. */
const GUEST_PORT = 9000;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Row {
  readonly direction: 'to the guest' | 'to the guest, hashed there' | 'from the guest';
  readonly protection: 'alone' | 'protected';
  readonly megabytes: number;
  readonly seconds: number;
}

class Bench {
  readonly #serial: SerialProgram;
  readonly #port: number;
  readonly #piece: Buffer;
  #round = 0;

  constructor(serial: SerialProgram, port: number, piece: Buffer) {
    this.#serial = serial;
    this.#port = port;
    this.#piece = piece;
  }

  /** All pieces, as sha256. */
  #expected(): string {
    const hash = createHash('sha256');
    for (let piece = 0; piece < PIECES; piece += 1) hash.update(this.#piece);
    return hash.digest('hex');
  }

  /** Lets the guest listen. `what` is a pipeline that ends or begins with nc. */
  async #listen(what: string): Promise<number> {
    this.#round += 1;
    const port = GUEST_PORT;
    this.#serial.write(`${what.replaceAll('PORT', String(port))}; echo "ro""und ${this.#round}"\n`);
    // The guest's shell takes a moment to start it; a refused connection is tried again.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return this.#round;
  }

  async #connect(): Promise<net.Socket> {
    // The guest's nc has nothing to say, and says so at once: that is no reason to stop sending.
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  /** @returns seconds. @throws when what arrived is not what was sent; not hashed, nobody looks. */
  async toGuest(hashed: boolean): Promise<number> {
    const sink = hashed ? '| sha256sum' : '> /dev/null';
    const round = await this.#listen(`nc -l -p PORT < /dev/null ${sink}`);
    const socket = await this.#connect();
    socket.resume();
    const before = this.#serial.output().length;
    const from = performance.now();
    for (let piece = 0; piece < PIECES; piece += 1) {
      if (socket.destroyed) throw new Error(`the guest stopped receiving after ${piece * 16} MB`);
      if (!socket.write(this.#piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
    socket.end();
    const text = await this.#serial.until(new RegExp(`\\nround ${round}\\r`), 1_800_000);
    const seconds = (performance.now() - from) / 1000;
    const said = text.slice(before);
    if (hashed && !said.includes(this.#expected())) throw new Error(`the guest received something else: ${said}`);
    return seconds;
  }

  /** @returns seconds. @throws when what arrived is not what the guest sent. */
  async fromGuest(): Promise<number> {
    const pieces = `i=0; while [ $i -lt ${PIECES} ]; do cat /tmp/piece; i=$((i+1)); done`;
    const round = await this.#listen(`(${pieces}) | nc -l -p PORT`);
    const socket = await this.#connect();
    const hash = createHash('sha256');
    let bytes = 0;
    const from = performance.now();
    socket.on('data', (piece) => {
      hash.update(piece);
      bytes += piece.length;
      if (bytes >= BYTES) socket.end();
    });
    await once(socket, 'close');
    const seconds = (performance.now() - from) / 1000;
    const sum = hash.digest('hex');
    if (bytes !== BYTES || sum !== this.#expected())
      throw new Error(`${bytes} bytes came from the guest, sha256 ${sum}`);
    await this.#serial.until(new RegExp(`\\nround ${round}\\r`), 60_000);
    return seconds;
  }
}

async function prepare(host: TestHost): Promise<Bench> {
  await host.json('vm', 'create', VM, '--sample', 'linux');
  await host.json('vm', 'set', VM, 'failureTimeoutMs=5000');
  await host.json('power', 'on', VM);
  const serial = host.attach(VM);
  await serial.until(/:~# $/);
  const piece = randomBytes(PIECE_BYTES);
  const server = net.createServer((socket) => void socket.on('error', () => {}).end(piece));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  serial.write('until ip route | grep -q default; do usleep 100000; done\n');
  serial.write(`nc 10.77.0.1 ${port} < /dev/null > /tmp/piece; ls -l /tmp/piece; echo rea""dy\n`);
  await serial.until(new RegExp(` ${PIECE_BYTES} .*\\r\\nready`), 120_000);
  server.close();
  const free = net.createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const hostPort = (free.address() as AddressInfo).port;
  await new Promise((resolve) => free.close(resolve));
  await host.json('forward', 'add', VM, `tcp:${hostPort}:${GUEST_PORT}`);
  return new Bench(serial, hostPort, piece);
}

await prepareCheckout(say);
const host = new TestHost();
const rows: Row[] = [];
try {
  await host.start();
  const bench = await prepare(host);
  for (const protection of ['alone', 'protected'] as const) {
    if (protection === 'protected') {
      await host.json('ft', 'on', VM);
      await host.waitFor(VM, 'protected');
    }
    const measure = async (direction: Row['direction'], run: () => Promise<number>): Promise<void> => {
      const row = { direction, protection, megabytes: MEGABYTES, seconds: await run() };
      rows.push(row);
      const rate = (BYTES * 8) / 1e6 / row.seconds;
      say(
        `${protection.padEnd(10)} ${direction.padEnd(28)} ${MEGABYTES} MB in ${row.seconds.toFixed(1)} s: ` +
          `${rate.toFixed(1)} Mbit/s`,
      );
    };
    await measure('from the guest', () => bench.fromGuest());
    await measure('to the guest', () => bench.toGuest(false));
    await measure('to the guest, hashed there', () => bench.toGuest(true));
  }
} finally {
  await host.stop();
  host.remove();
}
if (values.report) {
  const machine = { cpus: os.cpus().length, model: os.cpus()[0]?.model, node: process.version };
  writeFileSync(values.report, `${JSON.stringify({ rows, machine }, null, 2)}\n`);
}
