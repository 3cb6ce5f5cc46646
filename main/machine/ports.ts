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

/** Port number to the handlers that are there now, where they differ from those at the start. */
export function movedPorts(ports: readonly object[], initial: readonly object[]): Record<string, object | null> {
  const moved: Record<string, object | null> = {};
  let handlers: Set<object> | null = null;
  for (let port = MOVABLE_FROM; port < MOVABLE_END; port += 1) {
    const entry = ports[port];
    if (entry === initial[port] || entry === undefined) continue;
    handlers ??= new Set(initial);
    // A device that moved away leaves an empty entry, each time another one.
    moved[port] = handlers.has(entry) ? entry : null;
  }
  return moved;
}

/** @throws {SnapshotError} when `moved` is not what `movedPorts` gives. */
export function restorePorts(io: Ports, initial: readonly object[], moved: unknown): void {
  for (let port = MOVABLE_FROM; port < MOVABLE_END; port += 1) io.ports[port] = initial[port] as object;
  const handlers = new Set(initial);
  for (const [name, entry] of Object.entries(moved as Record<string, unknown>)) {
    const port = Number(name);
    if (!Number.isInteger(port) || port < MOVABLE_FROM || port >= MOVABLE_END) {
      throw new SnapshotError(`port ${name} cannot have moved`);
    }
    if (entry !== null && !handlers.has(entry as object)) throw new SnapshotError(`port ${name} has no handler`);
    io.ports[port] = entry === null ? io.create_empty_entry() : (entry as object);
  }
}
