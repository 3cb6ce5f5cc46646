/**
 * The guest on a host of ours, over one connection: alone, and as a protected pair.
 *
 * Invariant: the host has a data folder of its own, removed with `stop`, and ends only what it started.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '../../../main/cli/client.ts';
import { guestLibrary } from '../../../main/paths.ts';
import type { FtStatus, VmMetrics } from '../../../preload/contract/contract.ts';
import { TestHost } from '../../support/host.ts';
import { delay } from '../scenario.ts';
import type { Guest } from './guest.ts';

/** The host's warm spare process is ready when a user has come as far as a first VM. */
const SETTLE_MS = 2500;
const PATIENCE_MS = 120_000;
const SHELL = /:~# $/;

/** The serial console of a VM. `onOutput` hears of each piece when it comes. */
export interface VmGuest extends Guest {
  readonly name: string;
  readonly output: () => string;
  onOutput: ((text: string) => void) | null;
}

export class Subject {
  readonly #host = new TestHost();
  #client: Client | null = null;

  /** The data image of the sample guests, copied for this subject alone. */
  readonly disk = path.join(this.#host.dataFolder, 'disk.img');

  async start(): Promise<void> {
    await this.#host.start();
    this.#client = await Client.connect(this.#host.dataFolder);
    copyFileSync(path.join(path.dirname(guestLibrary().bios), 'data.img'), this.disk);
    await delay(SETTLE_MS);
  }

  get pid(): number {
    return this.#host.pid;
  }

  get client(): Client {
    if (!this.#client) throw new Error('the subject has not been started');
    return this.#client;
  }

  /** Creates a VM of the sample guest. `words`: further arguments of `vm create`. */
  async create(name: string, ...words: string[]): Promise<void> {
    await this.#host.json('vm', 'create', name, '--sample', 'linux', ...words);
    // A busy computer is not what is measured.
    await this.#host.json('vm', 'set', name, 'failureTimeoutMs=5000');
  }

  lockstep<T>(...words: string[]): Promise<T> {
    return this.#host.json<T>(...words);
  }

  /** Powers it on. Resolves at the shell's prompt, with how long that took. */
  async powerOn(name: string): Promise<{ guest: VmGuest; ms: number }> {
    const startedAt = performance.now();
    await this.client.call('power.on', { vm: name });
    const guest = this.#attach(name);
    await guest.until(SHELL);
    return { guest, ms: performance.now() - startedAt };
  }

  async protect(name: string): Promise<FtStatus> {
    await this.client.call('ft.on', { vm: name });
    return this.untilProtected(name);
  }

  async untilProtected(name: string): Promise<FtStatus> {
    return this.#host.waitFor(name, 'protected');
  }

  status(name: string): Promise<FtStatus> {
    return this.client.call('ft.status', { vm: name });
  }

  metrics(name: string): Promise<VmMetrics> {
    return this.client.call('metrics', { vm: name });
  }

  /** The primary's process. */
  async primaryPid(name: string): Promise<number> {
    return (await this.status(name)).primary?.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#host.stop();
    this.#host.remove();
  }

  #attach(name: string): VmGuest {
    let output = '';
    const guest: VmGuest = {
      name,
      output: () => output,
      onOutput: null,
      write: (text) => subscription.send(Buffer.from(text)),
      async until(pattern, timeoutMs = PATIENCE_MS) {
        const deadline = performance.now() + timeoutMs;
        while (!pattern.test(output.slice(-4096))) {
          if (performance.now() > deadline) throw new Error(`${pattern} did not come; last: ${output.slice(-300)}`);
          await delay(2);
        }
      },
    };
    const subscription = this.client.subscribe(
      'serial',
      { vm: name, history: true },
      {
        bytes: (bytes) => {
          const text = Buffer.from(bytes).toString('latin1');
          output += text;
          guest.onOutput?.(text);
        },
        end: (error) => {
          if (error) output += `\n[the console ended: ${error.message}]`;
        },
      },
    );
    return guest;
  }
}
