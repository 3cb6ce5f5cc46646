/**
 * The way out of the desktop application: VMs that run are asked about, suspended or powered off, then it quits.
 *
 * Invariant: the application ends only after the fleet is closed, and a fleet with running VMs is closed only when the
 * user said so, or when the system ends the session and nobody is there to ask: then they are suspended. A VM that
 * cannot be suspended (no room for its state) is not powered off without another question.
 */
import type { App } from 'electron';

/** What becomes of running VMs. */
export type WayOut = 'suspend' | 'powerOff';

/** A VM that could not be suspended, and why. */
export interface NotSuspended {
  readonly name: string;
  readonly why: string;
}

/** What is needed of the fleet. */
export interface Closable {
  all(): readonly { readonly name: string; readonly power: string }[];
  /** Suspends what runs. @returns the VMs that could not be, and run on. */
  suspendAll(): Promise<readonly NotSuspended[]>;
  close(how: WayOut): Promise<void>;
}

export interface Questions {
  /** @returns what is to become of the VMs of these names; null: it does not quit. */
  toQuit(running: readonly string[]): Promise<WayOut | null>;
  /** @returns whether to power them off and quit all the same. */
  toPowerOff(these: readonly NotSuspended[]): Promise<boolean>;
}

export class Quitting {
  readonly #app: Pick<App, 'quit'>;
  readonly #fleet: Closable;
  readonly #ask: Questions;
  #state: 'staying' | 'asking' | 'closing' | 'closed' = 'staying';
  #withoutAsking = false;

  constructor(app: Pick<App, 'on' | 'quit'>, fleet: Closable, ask: Questions) {
    this.#app = app;
    this.#fleet = fleet;
    this.#ask = ask;
    app.on('before-quit', (event) => {
      if (this.#state === 'closed') return;
      event.preventDefault();
      if (this.#state === 'staying') void this.#decide();
    });
  }

  /** Everything is powered off: windows may close. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** The session ends (SIGTERM, shutdown): no question, and one that is open is not waited for. */
  now(): void {
    this.#withoutAsking = true;
    if (this.#state === 'asking') this.#close('suspend');
    else this.#app.quit();
  }

  async #decide(): Promise<void> {
    this.#state = 'asking';
    const running = this.#fleet.all().filter((vm) => vm.power !== 'off');
    const names = running.map((vm) => vm.name);
    const unasked = this.#withoutAsking || running.length === 0;
    const how = unasked ? 'suspend' : await this.#wayOut(names).catch(() => null);
    if (how) this.#close(how);
    else if (this.#state === 'asking') this.#state = 'staying';
  }

  async #wayOut(running: readonly string[]): Promise<WayOut | null> {
    const how = await this.#ask.toQuit(running);
    if (how !== 'suspend') return how;
    const left = await this.#fleet.suspendAll();
    if (left.length === 0) return how;
    return (await this.#ask.toPowerOff(left)) ? 'powerOff' : null;
  }

  #close(how: WayOut): void {
    if (this.#state !== 'asking') return;
    this.#state = 'closing';
    void this.#fleet.close(how).finally(() => {
      this.#state = 'closed';
      this.#app.quit();
    });
  }
}
