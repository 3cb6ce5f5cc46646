/**
 * One life of the guest, from power-on until it ends: its console, its load, and all who watch it.
 *
 * Invariant: its observers expect what this life has promised, and nothing of an earlier one but the disk's contents.
 */
import net, { type AddressInfo } from 'node:net';
import type { SerialProgram, TestHost } from '../support/host.ts';
import { CurlClient, ShellClient, StoreClients, type Observer } from './clients.ts';
import { GUEST_PORTS, loadLines, ROUNDS_MAX, STORE_CLIENTS } from './load.ts';
import { ConsoleObserver, FrameObserver } from './observers.ts';

export const VM = 'campaign';
/** The gateway's address stands for the host's loopback. */
const HOST_ADDRESS = '10.77.0.1';
/** What does not come in this time never comes, on however busy a computer. */
const PATIENCE_MS = 180_000;
const POLL_MS = 10;

export type Forwards = { readonly [server in keyof typeof GUEST_PORTS]: number };

/** Waits for it. @throws {Error} that says what did not come. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`${typeof what === 'string' ? what : what()}: not within ${patienceMs / 1000} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Ports of the host for the guest's servers, kept for all its lives. */
export async function addForwards(host: TestHost): Promise<Forwards> {
  const ports: { [server: string]: number } = {};
  for (const [server, guestPort] of Object.entries(GUEST_PORTS)) {
    const hostPort = await freePort();
    await host.json('forward', 'add', VM, `tcp:${hostPort}:${guestPort}`);
    ports[server] = hostPort;
  }
  return ports as Forwards;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether somebody takes connections there. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

export class Life {
  readonly console: ConsoleObserver;
  readonly #serial: SerialProgram;
  readonly #forwards: Forwards;
  readonly #frames: FrameObserver;
  readonly #store: StoreClients;
  #http: CurlClient;
  #shell: ShellClient;

  private constructor(serial: SerialProgram, first: number, frames: FrameObserver, forwards: Forwards) {
    this.#serial = serial;
    this.#forwards = forwards;
    this.#frames = frames;
    this.console = new ConsoleObserver(serial, first);
    this.#http = new CurlClient(forwards.http);
    this.#shell = new ShellClient(forwards.shell);
    this.#store = new StoreClients(forwards.store, STORE_CLIENTS);
  }

  /** Powers the VM on and gives its guest something to do. `number`: how many lives it has had before. */
  static async begin(host: TestHost, forwards: Forwards, number: number): Promise<Life> {
    await host.call('power.on', { vm: VM });
    const serial = host.attach(VM);
    await serial.until(/:~# $/, PATIENCE_MS);
    serial.write('until grep -q /mnt /proc/mounts && ip route | grep -q default; do sleep 0.1; done; echo rea""dy\n');
    await serial.until(/ready/, PATIENCE_MS);
    const frames = new FrameObserver();
    const listener = { address: HOST_ADDRESS, port: await frames.listen() };
    const first = number * ROUNDS_MAX;
    for (const line of loadLines(listener, first)) serial.write(`${line}\n`);
    await serial.until(/C 10\r/, PATIENCE_MS);
    return new Life(serial, first, frames, forwards);
  }

  get observers(): readonly Observer[] {
    return [this.console, this.#frames, this.#http, this.#shell, this.#store];
  }

  /** Those of the network may see their connections cut; or, from now on, no longer. */
  mayBeCut(may: boolean): void {
    for (const observer of this.observers) observer.mayBeCut = may;
  }

  /** @throws {Error} with the first thing that any of them has found wrong. */
  check(): void {
    const wrong = this.observers.find((observer) => observer.wrong !== null);
    if (wrong) throw new Error(`${wrong.name}: ${wrong.wrong}`);
  }

  /** Every observer sees more, and nothing wrong. @throws {Error} with what is wrong. */
  async goesOn(): Promise<void> {
    const { synced, read } = this.console;
    const counts = this.observers.map(({ count }) => count);
    const waiting = (): string[] => {
      const names = this.observers.flatMap(({ name, count }, index) => (count === counts[index] ? [name] : []));
      if (this.console.synced === synced) names.push('writing to the disk');
      return this.console.read === read ? [...names, 'reading from the disk'] : names;
    };
    await until(
      () => {
        this.check();
        return waiting().length === 0;
      },
      () => `after the fault goes on: ${waiting().join(', ')}`,
    );
  }

  /** Which observer saw nothing for how long, since this was asked before. */
  takeSilence(): { [observer: string]: number } {
    return Object.fromEntries(this.observers.map((observer) => [observer.name, observer.takeSilence()]));
  }

  /**
   * The gateway was killed, and the guests' connections with it: its users connect again as soon as they can.
   * `since`: when that was, in `performance.now()`.
   */
  async reconnect(since: number): Promise<void> {
    for (const [server, port] of Object.entries(this.#forwards)) {
      await until(() => listens(port), `the forward to the guest's ${server} server comes back`);
    }
    const counted = this.#frames.count;
    for (const program of [this.#http, this.#shell]) program.close();
    // What they have found wrong before is not forgotten.
    this.check();
    this.#http = new CurlClient(this.#forwards.http, since);
    this.#shell = new ShellClient(this.#forwards.shell, since);
    this.#store.connect();
    await until(() => this.#frames.count > counted, 'the guest connects again');
    this.mayBeCut(false);
  }

  /** @returns everything that its console has printed. */
  output(): string {
    return this.#serial.output();
  }

  async end(): Promise<void> {
    for (const observer of this.observers) observer.close();
    await this.#serial.close();
  }
}
