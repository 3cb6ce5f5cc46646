/**
 * The I/O ports that the guest has moved by writing to PCI base address registers.
 *
 * Invariant: the table of ports is restored entry by entry, not by moving devices again: where devices were put on top
 * of each other, the order of the moves decides who answers.
 */
import { SnapshotError } from './errors.ts';

/** v86 moves ports from here on only. */
const MOVABLE_FROM = 0x1000;
const MOVABLE_END = 0x1_0000;

interface Ports {
  readonly ports: object[];
  create_empty_entry(): object;
}

export class PortTable {
  readonly #io: Ports;
  readonly #initial: readonly object[];
  readonly #handlers: ReadonlySet<object>;

  /** To be made when the machine is built: remembers who answers where. */
  constructor(io: Ports) {
    this.#io = io;
    this.#initial = io.ports.slice();
    this.#handlers = new Set(this.#initial);
  }

  /** Port number to the handlers that are there now, where they differ from those at the start. */
  moved(): Record<string, object | null> {
    const { ports } = this.#io;
    const moved: Record<string, object | null> = {};
    for (let port = MOVABLE_FROM; port < MOVABLE_END; port += 1) {
      const entry = ports[port];
      if (entry === this.#initial[port] || entry === undefined) continue;
      // A device that moved away leaves an empty entry, each time another one.
      moved[port] = this.#handlers.has(entry) ? entry : null;
    }
    return moved;
  }

  /** @throws {SnapshotError} when `moved` is not what `moved()` gives. */
  restore(moved: unknown): void {
    const { ports } = this.#io;
    for (let port = MOVABLE_FROM; port < MOVABLE_END; port += 1) ports[port] = this.#initial[port] as object;
    for (const [name, entry] of Object.entries(moved as Record<string, unknown>)) {
      const port = Number(name);
      if (!Number.isInteger(port) || port < MOVABLE_FROM || port >= MOVABLE_END) {
        throw new SnapshotError(`port ${name} cannot have moved`);
      }
      if (entry !== null && !this.#handlers.has(entry as object))
        throw new SnapshotError(`port ${name} has no handler`);
      ports[port] = entry === null ? this.#io.create_empty_entry() : (entry as object);
    }
  }
}
