/**
 * The network: how fast bytes go through a port forward, to the guest and from it, alone and Protected, and that every
 * one of them arrives as it was.
 *
 * Invariant: the bytes of each direction are compared by sha256 of both ends; such a figure exists only when they were
 * equal. Hashing costs the guest more than the network does, so there is a row to the guest without it too. Besides the
 * rate there is the processor's time of each process for a MB: on two cores a pair, the gateway, the host and the
 * program at the other end want more than there is, and then the rate says who had to wait, not what protection costs.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { Collected, digits, median, ratios, spread } from '../figures.ts';
import { cpuMs, family } from '../processes.ts';
import { delay, type Effort, type Outcome, type Scenario, type Table } from '../scenario.ts';
import { work } from '../subjects/guest.ts';
import { Subject, type VmGuest } from '../subjects/lockstep.ts';

const VM = 'bench';
/** What is sent again and again: random, and as much as the guest's memory well holds. */
const PIECE_MB = 16;
/** Where the guest listens. */
const GUEST_PORT = 9000;
const PATIENCE_MS = 3_600_000;
const FROM = 'from the guest';
const TO = 'to the guest';
const TO_HASHED = 'to the guest, hashed there';

class Streams {
  readonly #guest: VmGuest;
  readonly #port: number;
  readonly #piece: Buffer;
  readonly #pieces: number;
  #round = 0;

  constructor(guest: VmGuest, port: number, piece: Buffer, pieces: number) {
    this.#guest = guest;
    this.#port = port;
    this.#piece = piece;
    this.#pieces = pieces;
  }

  /** All pieces, as sha256. */
  #expected(): string {
    const hash = createHash('sha256');
    for (let piece = 0; piece < this.#pieces; piece += 1) hash.update(this.#piece);
    return hash.digest('hex');
  }

  /** Lets the guest listen. `what` is a pipeline with `nc` in it. @returns what is printed at its end. */
  async #listen(what: string): Promise<RegExp> {
    this.#round += 1;
    this.#guest.write(`${what}; echo "ro""und ${this.#round}"\n`);
    // The guest's shell takes a moment to start it.
    await delay(1500);
    return new RegExp(`\\nround ${this.#round}\\r`);
  }

  async #connect(): Promise<net.Socket> {
    // The guest's nc has nothing to say, and says so at once: that is no reason to stop sending.
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  async #send(socket: net.Socket): Promise<void> {
    for (let piece = 0; piece < this.#pieces; piece += 1) {
      await new Promise<void>((resolve, reject) => {
        socket.write(this.#piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    socket.end();
  }

  /** @returns seconds. @throws when what arrived is not what was sent; not hashed, nobody looks. */
  async toGuest(hashed: boolean): Promise<number> {
    const end = await this.#listen(`nc -l -p ${GUEST_PORT} < /dev/null ${hashed ? '| sha256sum' : '> /dev/null'}`);
    const socket = await this.#connect();
    socket.resume();
    const before = this.#guest.output().length;
    const from = performance.now();
    await this.#send(socket);
    await this.#guest.until(end, PATIENCE_MS);
    const seconds = (performance.now() - from) / 1000;
    const said = this.#guest.output().slice(before);
    if (hashed && !said.includes(this.#expected())) throw new Error(`the guest received something else: ${said}`);
    return seconds;
  }

  /** @returns seconds. @throws when what arrived is not what the guest sent. */
  async fromGuest(): Promise<number> {
    const pieces = `i=0; while [ $i -lt ${this.#pieces} ]; do cat /tmp/piece; i=$((i+1)); done`;
    const end = await this.#listen(`(${pieces}) | nc -l -p ${GUEST_PORT}`);
    const socket = await this.#connect();
    const hash = createHash('sha256');
    const all = this.#pieces * this.#piece.length;
    let bytes = 0;
    const from = performance.now();
    socket.on('data', (piece) => {
      hash.update(piece);
      bytes += piece.length;
      if (bytes >= all) socket.end();
    });
    await once(socket, 'close');
    const seconds = (performance.now() - from) / 1000;
    const sum = hash.digest('hex');
    if (bytes !== all || sum !== this.#expected()) throw new Error(`${bytes} bytes came from the guest, sha256 ${sum}`);
    await this.#guest.until(end);
    return seconds;
  }
}

/** Whose processor's time is told. */
const PROCESSES = ['primary', 'secondary', 'host and gateway'] as const;
type Used = Readonly<Record<(typeof PROCESSES)[number], number>>;

/** What each has used so far, in milliseconds; NaN for a secondary that there is not. */
async function used(subject: Subject): Promise<Used> {
  const { primary, secondary } = await subject.status(VM);
  const replicas = [primary?.pid, secondary?.pid];
  const rest = family(subject.pid).filter((pid) => !replicas.includes(pid));
  return {
    primary: cpuMs(primary?.pid ?? 0),
    secondary: cpuMs(secondary?.pid ?? 0),
    'host and gateway': rest.reduce((sum, pid) => sum + cpuMs(pid), 0),
  };
}

interface Measured {
  /** Mbit/s. */
  readonly rates: Collected;
  /** Milliseconds of a processor for a MB, by direction and process. */
  readonly cpu: Collected;
}
const measured = (): Measured => ({ rates: new Collected(), cpu: new Collected() });

function cpuTable(alone: Measured, pair: Measured): Table {
  const of = ({ cpu }: Measured, name: string, process: string): number => median(cpu.of(`${name}, ${process}`));
  return {
    title: "The processor's time for a MB, in ms",
    heads: ['direction', ...PROCESSES.map((one) => `${one}: alone / pair`), 'primary: alone / pair, as a ratio'],
    rows: [FROM, TO, TO_HASHED].map((name) => [
      name,
      ...PROCESSES.map((one) => `${digits(of(alone, name, one))} / ${digits(of(pair, name, one))}`),
      digits(of(alone, name, 'primary') / of(pair, name, 'primary')),
    ]),
    note: 'The ratio is the speed that the primary would keep if every process had a core of its own.',
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A guest that holds the piece in its memory, behind a forward. */
async function prepare(subject: Subject, pieces: number): Promise<Streams> {
  await subject.create(VM);
  const { guest } = await subject.powerOn(VM);
  const piece = randomBytes(PIECE_MB << 20);
  const server = net.createServer((socket) => void socket.on('error', () => {}).end(piece));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await work(guest, 'until ip route | grep -q default; do usleep 100000; done');
  await work(guest, `nc 10.77.0.1 ${port} < /dev/null > /tmp/piece`);
  server.close();
  const hostPort = await freePort();
  await subject.lockstep('forward', 'add', VM, `tcp:${hostPort}:${GUEST_PORT}`);
  return new Streams(guest, hostPort, piece, pieces);
}

export const network: Scenario = {
  name: 'network',
  title: 'Network',
  async run({ quick, rounds, option, say }: Effort): Promise<Outcome> {
    const pieces = Math.ceil(option('megabytes', quick ? 16 : 64) / PIECE_MB);
    const megabits = pieces * PIECE_MB * 2 ** 20 * 8e-6;
    const [alone, pair] = [measured(), measured()];
    const subject = new Subject();
    const measure = async (into: Measured, name: string, transfer: () => Promise<number>): Promise<void> => {
      const before = await used(subject);
      const rate = megabits / (await transfer());
      const after = await used(subject);
      into.rates.add(name, rate);
      for (const one of PROCESSES) into.cpu.add(`${name}, ${one}`, (after[one] - before[one]) / (pieces * PIECE_MB));
      say(`  ${into === pair ? 'pair' : 'alone'}, ${name}: ${pieces * PIECE_MB} MB at ${digits(rate)} Mbit/s`);
    };
    try {
      await subject.start();
      const streams = await prepare(subject, pieces);
      for (let round = 0; round < rounds; round += 1) {
        for (const into of [alone, pair]) {
          if (into === pair) await subject.protect(VM);
          await measure(into, FROM, () => streams.fromGuest());
          await measure(into, TO, () => streams.toGuest(false));
          if (!quick) await measure(into, TO_HASHED, () => streams.toGuest(true));
        }
        await subject.client.call('ft.off', { vm: VM });
      }
    } finally {
      await subject.stop();
    }
    const ratio = (name: string): readonly number[] => ratios(pair.rates.of(name), alone.rates.of(name));
    return {
      tables: [
        {
          title: `TCP through a forward, ${pieces * PIECE_MB} MB at a time, compared by sha256`,
          heads: ['direction', 'alone, Mbit/s', 'pair, Mbit/s', 'pair / alone'],
          rows: [FROM, TO, TO_HASHED].map((name) => [
            name,
            spread(alone.rates.of(name)),
            spread(pair.rates.of(name)),
            spread(ratio(name)),
          ]),
          note: `"${TO}" is not hashed in the guest, whose processor hashes more slowly than it receives.`,
        },
        cpuTable(alone, pair),
      ],
      figures: { receive: median(ratio(TO)), transmit: median(ratio(FROM)) },
      raw: {
        megabytes: pieces * PIECE_MB,
        mbitPerSecond: { alone: alone.rates.all(), pair: pair.rates.all() },
        cpuMsPerMegabyte: { alone: alone.cpu.all(), pair: pair.cpu.all() },
      },
    };
  },
};
