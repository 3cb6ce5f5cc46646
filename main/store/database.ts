/**
 * The application's database: one SQLite file in the data folder, owned by one process.
 *
 * Invariants: the schema's version is `user_version`; a file of a newer version is refused and left as it is;
 * migrations run in one transaction; WAL with full synchronisation, so that what was answered to the user survives
 * any crash.
 */
import { accessSync, chmodSync, constants, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { isDatabaseFull, makeElbowRoom } from './full.ts';
import { migrations } from './migrations.ts';
import { securePrivateFolder } from './private-folder.ts';

const FILE = 'lockstep.db';
const LOCK_FILE = 'lock.db';

/** The message names the folder and what to do. */
export class DataFolderError extends Error {
  override name = 'DataFolderError';
}

export interface OpenedFolder {
  readonly database: Database.Database;
  /** What was open to other users, and what became of it. */
  readonly warnings: readonly string[];
  close(): void;
}

/**
 * Makes the data folder where it is missing, takes it for this process, and opens its database.
 * @throws {DataFolderError} when it is in use, cannot be written, is not this user's alone, or comes from a newer
 * version.
 */
export function openDataFolder(folder: string): OpenedFolder {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new DataFolderError(
      `The data folder "${folder}" cannot be written (${why}). Choose another with --data DIR.`,
    );
  }
  const warnings = secure(folder);
  const lock = takeLock(folder);
  try {
    const database = openDatabase(path.join(folder, FILE));
    return {
      database,
      warnings,
      close() {
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

function secure(folder: string): string[] {
  try {
    return securePrivateFolder(folder);
  } catch (error) {
    throw new DataFolderError((error as Error).message);
  }
}

/** Not `mkdirSync`'s own `recursive`: that never returns where a parent exists and refuses children, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/** Opens (or makes) the database file and brings it to this version's schema. */
export function openDatabase(file: string): Database.Database {
  let database: Database.Database;
  let version: number;
  try {
    database = new Database(file);
    // What SQLite puts beside it gets the same permissions.
    chmodSync(file, 0o600);
    version = database.pragma('user_version', { simple: true }) as number;
  } catch (error) {
    throw new DataFolderError(
      `The database "${file}" cannot be opened: ${(error as Error).message}. Restore it, or move it away.`,
    );
  }
  try {
    // Before anything else: even setting the journal mode would change the file.
    refuseNewer(version, file);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    migrate(database, version);
    makeElbowRoom(database);
    return database;
  } catch (error) {
    database.close();
    if (!isDatabaseFull(error)) throw error;
    throw new DataFolderError(`There is no room in "${path.dirname(file)}": make some first. Nothing was changed.`);
  }
}

function refuseNewer(version: number, file: string): void {
  if (version <= migrations.length) return;
  throw new DataFolderError(
    `The database "${file}" is of a newer Lockstep (schema ${version}, this one knows ${migrations.length}). ` +
      'Update Lockstep, or choose another data folder with --data DIR. Nothing was changed.',
  );
}

function migrate(database: Database.Database, version: number): void {
  database
    .transaction(() => {
      for (const sql of migrations.slice(version)) database.exec(sql);
      database.pragma(`user_version = ${migrations.length}`);
    })
    .immediate();
}

/**
 * An SQLite lock that is held as long as the process lives, and that the operating system drops with it: no stale
 * lock file after a crash.
 */
function takeLock(folder: string): Database.Database {
  const file = path.join(folder, LOCK_FILE);
  const lock = new Database(file, { timeout: 0 });
  try {
    chmodSync(file, 0o600);
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS owner (pid INTEGER) STRICT; DELETE FROM owner;');
    lock.exec(`INSERT INTO owner VALUES (${process.pid}); COMMIT;`);
    return lock;
  } catch (error) {
    lock.close();
    if (isDatabaseFull(error)) throw new DataFolderError(`There is no room in "${folder}": make some first.`);
    if (!(error as { code?: string }).code?.startsWith('SQLITE_BUSY')) {
      throw new DataFolderError(`The lock "${file}" cannot be taken: ${(error as Error).message}. Move it away.`);
    }
    throw new DataFolderError(
      `The data folder "${folder}" is in use by another Lockstep. ` +
        'Use that one, or choose another folder with --data DIR.',
    );
  }
}
