/**
 * The table of VMs.
 *
 * Invariant: names are unique whatever their case; `poweredOnAt` is set exactly while the VM is meant to run, so what
 * is set when the program starts was cut off by a crash.
 */
import type Database from 'better-sqlite3';
import type { FtSettings, Sample } from '../../preload/contract.ts';
import type { NicType } from '../../preload/network.ts';

/** What a VM is made of, as it is kept. Absent files come from the installed guests. */
export interface VmConfig {
  readonly sample: Sample | null;
  readonly memoryMB: number;
  /** Seed of the guest's randomness, unsigned 32 bits. */
  readonly seed: number;
  readonly mac: string;
  /** The card and its network; absent in VMs of before there were networks. */
  readonly nic?: { readonly type: NicType; readonly network: string; readonly address: string | null } | undefined;
  readonly bzimage?: string | undefined;
  readonly initrd?: string | undefined;
  readonly hda?: string | undefined;
  readonly cdrom?: string | undefined;
  readonly fda?: string | undefined;
  readonly cmdline: string | null;
}

export interface VmRecord {
  readonly id: string;
  readonly name: string;
  /** The path of its folder, empty where it is in none. */
  readonly folder: string;
  readonly createdAt: number;
  readonly config: VmConfig;
  readonly ftEnabled: boolean;
  /** Fault Tolerance is enabled and, until it is resumed, does not protect. */
  readonly ftSuspended: boolean;
  /** What was set; the rest has its default. */
  readonly ftSettings: Partial<FtSettings>;
  readonly poweredOnAt: number | null;
  readonly note: string | null;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly created_at: number;
  readonly config: string;
  readonly ft_enabled: number;
  readonly ft_suspended: number;
  readonly ft_settings: string;
  readonly powered_on_at: number | null;
  readonly note: string | null;
}

const COLUMNS = 'id, name, folder, created_at, config, ft_enabled, ft_suspended, ft_settings, powered_on_at, note';

export class VmTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  all(): VmRecord[] {
    return this.#database.prepare<[], Row>(`SELECT ${COLUMNS} FROM vm ORDER BY name`).all().map(record);
  }

  /** By id, or by name whatever its case; where both fit, by id. */
  find(vm: string): VmRecord | null {
    const row = this.#database
      .prepare<[string, string, string], Row>(
        `SELECT ${COLUMNS} FROM vm WHERE id = ? OR name = ? ORDER BY id = ? DESC LIMIT 1`,
      )
      .get(vm, vm, vm);
    return row ? record(row) : null;
  }

  /** @throws when the name exists. */
  insert(vm: Pick<VmRecord, 'id' | 'name' | 'createdAt' | 'config'>): void {
    this.#database
      .prepare('INSERT INTO vm (id, name, created_at, config) VALUES (?, ?, ?, ?)')
      .run(vm.id, vm.name, vm.createdAt, JSON.stringify(vm.config));
  }

  delete(id: string): void {
    this.#database.prepare('DELETE FROM vm WHERE id = ?').run(id);
  }

  setFt(id: string, enabled: boolean, suspended = false): void {
    this.#database
      .prepare('UPDATE vm SET ft_enabled = ?, ft_suspended = ? WHERE id = ?')
      .run(enabled ? 1 : 0, suspended ? 1 : 0, id);
  }

  setFtSettings(id: string, settings: Partial<FtSettings>): void {
    this.#database.prepare('UPDATE vm SET ft_settings = ? WHERE id = ?').run(JSON.stringify(settings), id);
  }

  setConfig(id: string, config: VmConfig): void {
    this.#database.prepare('UPDATE vm SET config = ? WHERE id = ?').run(JSON.stringify(config), id);
  }

  /** What may be changed of it at will. @throws when the name exists. */
  update({ id, name, folder, config }: Pick<VmRecord, 'id' | 'name' | 'folder' | 'config'>): void {
    this.#database
      .prepare('UPDATE vm SET name = ?, folder = ?, config = ? WHERE id = ?')
      .run(name, folder, JSON.stringify(config), id);
  }

  setPower(id: string, poweredOnAt: number | null, note: string | null): void {
    this.#database.prepare('UPDATE vm SET powered_on_at = ?, note = ? WHERE id = ?').run(poweredOnAt, note, id);
  }
}

function record(row: Row): VmRecord {
  return {
    id: row.id,
    name: row.name,
    folder: row.folder,
    createdAt: row.created_at,
    config: JSON.parse(row.config) as VmConfig,
    ftEnabled: row.ft_enabled === 1,
    ftSuspended: row.ft_suspended === 1,
    ftSettings: JSON.parse(row.ft_settings) as Partial<FtSettings>,
    poweredOnAt: row.powered_on_at,
    note: row.note,
  };
}
