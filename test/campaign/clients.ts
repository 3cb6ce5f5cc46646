/**
 * Programs on the host that talk to servers in the guest through port forwards, while its replicas are killed: curl
 * over one kept connection, an interactive session, and clients of a key-value store.
 *
 * Invariants checked: no connection is ever cut, unless its observer was told that it may be (the gateway is killed,
 * or the guest may end); every answer is the one to the question, each exactly once; a value that was acknowledged is
 * never lost, and nobody reads what was overwritten before (see `History`), also over new connections.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import net from 'node:net';
import { createInterface } from 'node:readline';

/** Something that watches from outside. */
export interface Observer {
  readonly name: string;
  /** The first thing that was wrong, in words; null when nothing was. */
  readonly wrong: string | null;
  /** How much it has seen, so that one can tell that it goes on. */
  readonly count: number;
  /** The longest silence since the last call, in milliseconds. */
  takeSilence(): number;
  /** Whether a connection that is cut from now on is wrong. */
  mayBeCut: boolean;
  close(): void;
}

/** How long nothing came, whatever comes. */
export class Silence {
  #lastAt: number;
  #longest = 0;

  /** It began then, in `performance.now()`. */
  constructor(since = performance.now()) {
    this.#lastAt = since;
  }

  heard(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#lastAt);
    this.#lastAt = now;
  }

  /** The longest since the last call, the present one included. */
  take(): number {
    const longest = Math.max(this.#longest, performance.now() - this.#lastAt);
    this.#longest = 0;
    this.#lastAt = performance.now();
    return longest;
  }
}

abstract class Program implements Observer {
  abstract readonly name: string;
  wrong: string | null = null;
  count = 0;
  mayBeCut = false;
  readonly silence: Silence;
  protected readonly child: ChildProcess;
  #closing = false;

  /** `since`: since when its user has waited for it. */
  constructor(command: string, args: readonly string[], since?: number) {
    this.silence = new Silence(since);
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let errors = '';
    this.child.stderr?.on('data', (bytes) => (errors = (errors + String(bytes)).slice(-400)));
    this.child.on('error', (error) => (this.wrong ??= `${command} cannot run: ${error.message}`));
    this.child.on('exit', (code) => {
      if (!this.#closing && !this.mayBeCut) this.wrong ??= `${command} ended with ${code}: ${errors}`;
    });
    this.child.stdin?.on('error', () => {});
    if (!this.child.stdout) throw new Error('a program has an output');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.silence.heard();
      this.line(line);
    });
  }

  protected abstract line(line: string): void;

  takeSilence(): number {
    return this.silence.take();
  }

  close(): void {
    this.#closing = true;
    this.child.kill('SIGKILL');
  }
}

/** curl, one request after the other, over one connection. The guest numbers its answers on each connection. */
export class CurlClient extends Program {
  readonly name = 'HTTP';

  constructor(port: number, since?: number) {
    const url = `http://127.0.0.1:${port}/[0-1000000]`;
    super('curl', ['-sS', '--no-buffer', '--rate', '10/s', '-w', '%{num_connects} %{http_code}\\n', url], since);
  }

  /** The body's line and curl's own come in turn. */
  #body: string | null = null;

  protected line(line: string): void {
    if (this.#body === null) {
      this.#body = line;
      return;
    }
    const connects = this.count === 0 ? 1 : 0;
    const expected = `/${this.count} ${this.count}`;
    // The connection was cut: what curl prints then is about itself.
    if (this.mayBeCut && line !== `${connects} 200`) return;
    if (this.#body !== expected) this.wrong ??= `curl got ${JSON.stringify(this.#body)} where ${expected} was due`;
    if (line !== `${connects} 200`) this.wrong ??= `curl had to connect again, or was refused: ${line}`;
    this.#body = null;
    this.count += 1;
  }
}

/** Somebody who types commands into a shell over TCP and waits for each answer. */
export class ShellClient extends Program {
  readonly name = 'session';

  constructor(port: number, since?: number) {
    super('socat', ['-', `TCP:127.0.0.1:${port}`], since);
    this.#ask();
  }

  #ask(): void {
    this.child.stdin?.write(`echo $((${this.count} * 7 + 1))\n`);
  }

  protected line(line: string): void {
    const expected = String(this.count * 7 + 1);
    if (line !== expected) this.wrong ??= `the session answered ${JSON.stringify(line)} instead of ${expected}`;
    this.count += 1;
    setTimeout(() => this.#ask(), 100);
  }
}

/**
 * What clients of a register did, each write by its only writer with rising numbers. A read must return a write that
 * was not finished before an earlier one that the reader could know of: at least the newest acknowledged before the
 * read began, or read by anybody before it began; at most the newest begun before it ended. For registers with one
 * writer that is linearizability (Lamport's atomic register).
 */
export class History {
  #begun = 0;
  #safe = 0;
  #reads = 0;

  /** The newest value that its writer has begun to write. */
  get begun(): number {
    return this.#begun;
  }

  get reads(): number {
    return this.#reads;
  }

  begins(value: number): void {
    this.#begun = value;
  }

  acknowledged(value: number): void {
    this.#safe = Math.max(this.#safe, value);
  }

  /** What a read that begins now must at least return. */
  get least(): number {
    return this.#safe;
  }

  /** @returns what is wrong with a read that began when `least` was so, or null. */
  read(value: number, least: number): string | null {
    this.#reads += 1;
    if (value < least) return `a read returned ${value} after ${least} was acknowledged or read`;
    if (value > this.#begun) return `a read returned ${value}, which nobody has written`;
    this.#safe = Math.max(this.#safe, value);
    return null;
  }
}

/** Clients of the guest's key-value store, each the writer of its own key and a reader of all. */
export class StoreClients implements Observer {
  readonly name = 'key-value store';
  wrong: string | null = null;
  count = 0;
  mayBeCut = false;
  readonly #port: number;
  readonly #histories: readonly History[];
  #sockets: net.Socket[] = [];
  readonly #silence = new Silence();
  #closing = false;

  constructor(port: number, clients: number) {
    this.#port = port;
    this.#histories = Array.from({ length: clients }, () => new History());
    this.connect();
  }

  /** Each client connects anew, and remembers what it knows of the store. */
  connect(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets = [];
    for (const client of this.#histories.keys()) void this.#run(client);
  }

  takeSilence(): number {
    return this.#silence.take();
  }

  close(): void {
    this.#closing = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #run(client: number): Promise<void> {
    const socket = net.connect(this.#port, '127.0.0.1');
    this.#sockets.push(socket);
    const end = (why: string): void => {
      const current = this.#sockets.includes(socket);
      if (current && !this.#closing && !this.mayBeCut) this.wrong ??= `client ${client} was cut off: ${why}`;
    };
    socket.on('error', (error) => end(error.message));
    socket.on('end', () => end('the guest closed the connection'));
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const ask = async (question: string): Promise<string> => {
      socket.write(`${question}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the connection ended');
      this.#silence.heard();
      this.count += 1;
      return value as string;
    };
    try {
      const own = this.#histories[client] as History;
      // A write whose answer was lost may have happened, or not: its number is not used again.
      while (!this.#closing && this.#sockets.includes(socket)) await this.#round(ask, client, own.begun + 1);
    } catch (error) {
      end((error as Error).message);
    }
  }

  /** One write of its own, and one read of each. */
  async #round(ask: (question: string) => Promise<string>, client: number, round: number): Promise<void> {
    const own = this.#histories[client] as History;
    own.begins(round);
    const answer = await ask(`set k${client} ${round}`);
    if (answer !== `ok ${round}`) this.wrong ??= `client ${client} was answered ${JSON.stringify(answer)}`;
    own.acknowledged(round);
    for (const [key, history] of this.#histories.entries()) {
      const { least } = history;
      const read = /^is (\d+)$/.exec(await ask(`get k${key}`));
      this.wrong ??= read ? history.read(Number(read[1]), least) : `client ${client} read no number of k${key}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
