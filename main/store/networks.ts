/**
 * The tables of networks and port forwards.
 *
 * Invariant: no two forwards are for the same port of the same address; a forward goes with its VM.
 */
import type Database from 'better-sqlite3';

/** A network that somebody made; the default one is not in the table. */
export interface NetworkRecord {
  readonly name: string;
  /** One of the two: a NAT's subnet, or an uplink's address. */
  readonly subnet: string | null;
  readonly uplink: string | null;
}

export interface ForwardRecord {
  readonly id: number;
  readonly vm: string;
  readonly protocol: 'tcp' | 'udp';
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

interface ForwardRow {
  readonly id: number;
  readonly vm_id: string;
  readonly protocol: 'tcp' | 'udp';
  readonly host_address: string;
  readonly host_port: number;
  readonly guest_port: number;
}

const FORWARD_COLUMNS = 'id, vm_id, protocol, host_address, host_port, guest_port';

export class NetworkTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  networks(): NetworkRecord[] {
    return this.#database.prepare<[], NetworkRecord>('SELECT name, subnet, uplink FROM network ORDER BY name').all();
  }

  /** @throws when the name exists. */
  addNetwork({ name, subnet, uplink }: NetworkRecord): void {
    this.#database.prepare('INSERT INTO network (name, subnet, uplink) VALUES (?, ?, ?)').run(name, subnet, uplink);
  }

  deleteNetwork(name: string): void {
    this.#database.prepare('DELETE FROM network WHERE name = ?').run(name);
  }

  forwards(): ForwardRecord[] {
    return this.#database
      .prepare<[], ForwardRow>(`SELECT ${FORWARD_COLUMNS} FROM forward ORDER BY id`)
      .all()
      .map(record);
  }

  /** @throws when the port is taken by another forward. */
  addForward(forward: Omit<ForwardRecord, 'id'>): ForwardRecord {
    const { vm, protocol, hostAddress, hostPort, guestPort } = forward;
    const row = this.#database
      .prepare<[string, string, string, number, number], ForwardRow>(
        `INSERT INTO forward (vm_id, protocol, host_address, host_port, guest_port) VALUES (?, ?, ?, ?, ?)
         RETURNING ${FORWARD_COLUMNS}`,
      )
      .get(vm, protocol, hostAddress, hostPort, guestPort);
    return record(row as ForwardRow);
  }

  /** @throws when the port is taken by another forward. */
  setForward({ id, protocol, hostAddress, hostPort, guestPort }: ForwardRecord): void {
    this.#database
      .prepare('UPDATE forward SET protocol = ?, host_address = ?, host_port = ?, guest_port = ? WHERE id = ?')
      .run(protocol, hostAddress, hostPort, guestPort, id);
  }

  deleteForward(id: number): void {
    this.#database.prepare('DELETE FROM forward WHERE id = ?').run(id);
  }
}

function record(row: ForwardRow): ForwardRecord {
  const { id, vm_id: vm, protocol, host_address: hostAddress, host_port: hostPort, guest_port: guestPort } = row;
  return { id, vm, protocol, hostAddress, hostPort, guestPort };
}
