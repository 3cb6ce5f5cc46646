/**
 * The port forwards: ports of this computer that lead to ports of VMs.
 *
 * Invariant: what the database has is what the gateway was asked to listen for, or the reason why it does not listen is
 * shown; a forward that could not listen when it was asked for is not kept.
 */
import { CommandError } from '../../../preload/contract/contract.ts';
import { FORWARDS_MAX, formatForward, type ForwardView } from '../../../preload/contract/network.ts';
import type { ForwardReport } from '../../gateway/messages.ts';
import type { ForwardRecord } from '../../store/networks.ts';
import type { GatewayConnection } from './gateway-connection.ts';
import type { NetworkSurroundings } from './network-surroundings.ts';

export interface ForwardSurroundings extends Pick<NetworkSurroundings, 'table' | 'event' | 'changed'> {
  readonly gateway: GatewayConnection;
  /** What the gateway last said of them. */
  reports(): readonly ForwardReport[];
}

export class ForwardDesk {
  readonly #around: ForwardSurroundings;
  readonly #gateway: GatewayConnection;
  /** Why forwards do not listen, by their number. */
  readonly #errors = new Map<number, string>();
  #forwards: ForwardRecord[];

  constructor(around: ForwardSurroundings) {
    this.#around = around;
    this.#gateway = around.gateway;
    this.#forwards = around.table.forwards();
  }

  get empty(): boolean {
    return this.#forwards.length === 0;
  }

  /** Those of a VM, or all. */
  list(vm?: string): ForwardView[] {
    const refused = new Map(this.#around.reports().map((forward) => [forward.id, forward.refused]));
    return this.#forwards
      .filter((forward) => vm === undefined || forward.vm === vm)
      .map((forward) => ({
        ...forward,
        error: this.#errors.get(forward.id) ?? null,
        refused: refused.get(String(forward.id)) ?? 0,
      }));
  }

  /** @throws {CommandError} when it cannot listen; nothing is kept then. */
  async add(wanted: Omit<ForwardRecord, 'id'>, network: string): Promise<number> {
    this.#checkFree(wanted, null);
    if (this.#forwards.length >= FORWARDS_MAX) {
      throw new CommandError('refused', `There are at most ${FORWARDS_MAX} forwards: remove one first.`);
    }
    const record = this.#around.table.addForward(wanted);
    const error = await this.#listen(record, network);
    if (error !== null) {
      this.#around.table.deleteForward(record.id);
      throw new CommandError('refused', sentence(error));
    }
    this.#forwards = [...this.#forwards, record];
    this.#tellForward(record, 'added');
    return record.id;
  }

  /** @throws {CommandError} when the new one cannot listen; the old one stays then. */
  async set(wanted: ForwardRecord, network: string): Promise<void> {
    const before = this.#require(wanted.vm, wanted.id);
    this.#checkFree(wanted, wanted.id);
    await this.#gateway.ask({ type: 'removeForward', network, id: String(before.id) });
    const error = await this.#listen(wanted, network);
    if (error !== null) {
      await this.#listen(before, network);
      throw new CommandError('refused', sentence(error));
    }
    this.#around.table.setForward(wanted);
    this.#errors.delete(wanted.id);
    this.#forwards = this.#forwards.map((forward) => (forward.id === wanted.id ? wanted : forward));
    this.#tellForward(wanted, 'changed');
  }

  /** @throws {CommandError} `notFound`. */
  async remove(vm: string, id: number, network: string): Promise<void> {
    const record = this.#require(vm, id);
    this.#around.table.deleteForward(id);
    this.#forwards = this.#forwards.filter((forward) => forward !== record);
    this.#errors.delete(id);
    if (this.#gateway.running) await this.#gateway.ask({ type: 'removeForward', network, id: String(id) });
    this.#tellForward(record, 'removed');
  }

  /** The VM's forwards lead to another network now, or the VM is deleted: those of the old one stop listening. */
  async move(vm: string, from: string, to: string | null): Promise<void> {
    for (const forward of this.#forwards.filter((one) => one.vm === vm)) {
      if (this.#gateway.running) {
        await this.#gateway.ask({ type: 'removeForward', network: from, id: String(forward.id) });
      }
      if (to === null) this.#around.table.deleteForward(forward.id);
      else this.#note(forward, await this.#listen(forward, to));
    }
    if (to === null) this.#forwards = this.#forwards.filter((one) => one.vm !== vm);
  }

  /** A new gateway listens for them all. `networkOf` says where a VM's forwards lead. */
  tellAll(networkOf: (vm: string) => string): void {
    for (const forward of this.#forwards) {
      void this.#listen(forward, networkOf(forward.vm)).then((error) => this.#note(forward, error));
    }
  }

  #listen(forward: ForwardRecord, network: string): Promise<string | null> {
    this.#gateway.ensure();
    return this.#gateway.ask({ type: 'addForward', network, forward: { ...forward, id: String(forward.id) } });
  }

  #checkFree({ protocol, hostAddress, hostPort }: Omit<ForwardRecord, 'id'>, except: number | null): void {
    const same = this.#forwards.find(
      (one) =>
        one.id !== except && one.protocol === protocol && one.hostAddress === hostAddress && one.hostPort === hostPort,
    );
    if (!same) return;
    throw new CommandError('exists', `There is already a forward ${formatForward(same)} (number ${same.id}).`);
  }

  #require(vm: string, id: number): ForwardRecord {
    const found = this.#forwards.find((forward) => forward.id === id && forward.vm === vm);
    if (found) return found;
    throw new CommandError('notFound', `This VM has no forward ${id}. "lockstep forward list" shows those there are.`);
  }

  #tellForward(forward: ForwardRecord, what: 'added' | 'changed' | 'removed'): void {
    const message = `The port forward ${formatForward(forward)} was ${what}.`;
    this.#around.event(forward.vm, `forward.${what}`, 'info', message, { ...forward });
    this.#around.changed();
  }

  #note(forward: ForwardRecord, error: string | null): void {
    this.#errors.delete(forward.id);
    if (error === null) return;
    this.#errors.set(forward.id, sentence(error));
    const message = `The port forward ${formatForward(forward)} does not listen: ${error}.`;
    this.#around.event(forward.vm, 'forward.failed', 'warning', message, { ...forward, why: error });
  }
}

/** The gateway's words, as a sentence for people. */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
