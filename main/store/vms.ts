/**
 * The table of VMs.
 *
 * Invariant: names are unique whatever their case; `poweredOnAt` is set exactly while the VM is meant to run, so what
 * is set when the program starts was cut off by a crash.
 */
import type Database from 'better-sqlite3';
import type { FtSettings, Sample } from '../../preload/contract/contract.ts';
import type { BootDrive, VgaMemory } from '../../preload/contract/boot.ts';
import type { NicType } from '../../preload/contract/network.ts';

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
  readonly multiboot?: string | undefined;
  readonly hda?: string | undefined;
  readonly cdrom?: string | undefined;
  readonly fda?: string | undefined;
  readonly cmdline: string | null;
  /** Absent: by what there is. */
  readonly bootOrder?: readonly BootDrive[] | undefined;
  readonly vgaMemoryMB?: VgaMemory | undefined;
}

/** A machine's state in a file, and what the machine was made of. */
export interface SavedState {
  readonly file: string;
  /** Of the file. */
  readonly bytes: number;
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
  readonly epoch: number;
  /** The guest's clock, in nanoseconds since power-on. */
  readonly virtualNs: number;
  /** The machine's full hash. */
  readonly hash: string;
  /** What a replica is told of the hardware (the fleet knows its shape): the machine is built of the same again. */
  readonly hardware: { readonly [key: string]: unknown };
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
  /** It was suspended in this state. Never together with `poweredOnAt`. */
  readonly savedState: SavedState | null;
  /** The snapshot from which it goes on. */
  readonly currentSnapshot: string | null;
  /** The snapshot, or the checkpoint, to which it is being taken back. */
  readonly revertingTo: string | null;
  /** It is to have a checkpoint every so many minutes while it runs; 0: none. */
  readonly checkpointMinutes: number;
  /** Until when it is known to have run where it was powered off unexpectedly, in milliseconds since 1970, UTC. */
  readonly lostAt: number | null;
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
  readonly saved_state: string | null;
  readonly current_snapshot: string | null;
  readonly reverting_to: string | null;
  readonly checkpoint_minutes: number;
  readonly lost_at: number | null;
}

const COLUMNS =
  'id, name, folder, created_at, config, ft_enabled, ft_suspended, ft_settings, powered_on_at, note, ' +
  'saved_state, current_snapshot, reverting_to, checkpoint_minutes, lost_at';

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

  setCheckpointMinutes(id: string, minutes: number): void {
    this.#database.prepare('UPDATE vm SET checkpoint_minutes = ? WHERE id = ?').run(minutes, id);
  }

  /** From now on it runs; it is not suspended then. */
  setOn(id: string, at: number): void {
    this.#database.prepare('UPDATE vm SET powered_on_at = ?, note = NULL, saved_state = NULL WHERE id = ?').run(at, id);
  }

  /**
   * It is off, and not suspended. Where that was unexpected (`lost`), its checkpoint is worth something still; else it
   * is given up in the same step.
   */
  setOff(id: string, lost: { readonly note: string; readonly lostAt: number | null } | null): void {
    this.#endRun(id, lost === null, () =>
      this.#database
        .prepare('UPDATE vm SET powered_on_at = NULL, saved_state = NULL, note = ?, lost_at = ? WHERE id = ?')
        .run(lost?.note ?? null, lost?.lostAt ?? null, id),
    );
  }

  /** In one step it is off, and suspended in this state. */
  setSuspended(id: string, state: SavedState): void {
    this.#endRun(id, true, () =>
      this.#database
        .prepare('UPDATE vm SET powered_on_at = NULL, note = NULL, lost_at = NULL, saved_state = ? WHERE id = ?')
        .run(JSON.stringify(state), id),
    );
  }

  /** It is about to be taken back to this snapshot. */
  setReverting(id: string, snapshot: string): void {
    this.#database.prepare('UPDATE vm SET reverting_to = ? WHERE id = ?').run(snapshot, id);
  }

  /** It was taken back: off, or suspended in this state. A checkpoint is kept only by going back to it. */
  setReverted(
    id: string,
    to: { readonly current: string | null; readonly config: VmConfig; readonly state: SavedState | null },
    keepsCheckpoint: boolean,
  ): void {
    const update = this.#database.prepare(
      `UPDATE vm SET reverting_to = NULL, current_snapshot = ?, config = ?, saved_state = ?, powered_on_at = NULL,
         note = NULL, lost_at = NULL WHERE id = ?`,
    );
    this.#endRun(id, !keepsCheckpoint, () =>
      update.run(to.current, JSON.stringify(to.config), to.state && JSON.stringify(to.state), id),
    );
  }

  /** Changes its row and, where its run has ended for good, gives its checkpoint up, in one step. */
  #endRun(id: string, forGood: boolean, change: () => void): void {
    this.#database
      .transaction(() => {
        change();
        if (forGood) this.#database.prepare('DELETE FROM checkpoint WHERE vm_id = ?').run(id);
      })
      .immediate();
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
    savedState: row.saved_state === null ? null : (JSON.parse(row.saved_state) as SavedState),
    currentSnapshot: row.current_snapshot,
    revertingTo: row.reverting_to,
    checkpointMinutes: row.checkpoint_minutes,
    lostAt: row.lost_at,
  };
}
