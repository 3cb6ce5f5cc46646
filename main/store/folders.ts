/**
 * The table of folders, and which VM is in which.
 *
 * Invariant: what changes both tables changes them together, or not at all.
 */
import type Database from 'better-sqlite3';

/** `folder` itself, or what lies in it, with `to` in its place. */
const RENAMED = (column: string): string => `${column} = @to || substr(${column}, length(@from) + 1)`;
const WITHIN = (column: string): string =>
  `(${column} = @from COLLATE NOCASE OR substr(${column}, 1, length(@from) + 1) = @from || '/' COLLATE NOCASE)`;

export class FolderTable {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    this.#database = database;
  }

  /** By path. */
  all(): string[] {
    const rows = this.#database.prepare<[], { path: string }>('SELECT path FROM folder ORDER BY path').all();
    return rows.map(({ path }) => path);
  }

  /** As it is written; null where there is none of this name, whatever its case. */
  find(path: string): string | null {
    return (
      this.#database.prepare<[string], { path: string }>('SELECT path FROM folder WHERE path = ?').get(path)?.path ??
      null
    );
  }

  /** Those that are there already stay as they are. */
  add(paths: readonly string[]): void {
    const insert = this.#database.prepare('INSERT OR IGNORE INTO folder (path) VALUES (?)');
    this.#database.transaction(() => paths.forEach((path) => insert.run(path)))();
  }

  /** The folder, what lies in it, and where its VMs are. `to` is not there yet, except for its own case. */
  rename(from: string, to: string): void {
    this.#database.transaction(() => {
      this.#database.prepare(`UPDATE folder SET ${RENAMED('path')} WHERE ${WITHIN('path')}`).run({ from, to });
      this.#database.prepare(`UPDATE vm SET ${RENAMED('folder')} WHERE ${WITHIN('folder')}`).run({ from, to });
    })();
  }

  /** What is in it goes to `parent` (empty: the top); folders that are there already become one. */
  delete(from: string, parent: string): void {
    const up = (column: string): string =>
      `CASE WHEN length(${column}) = length(@from) THEN @parent
       WHEN @parent = '' THEN substr(${column}, length(@from) + 2)
       ELSE @parent || substr(${column}, length(@from) + 1) END`;
    this.#database.transaction(() => {
      const below = `SELECT ${up('path')} FROM folder WHERE ${WITHIN('path')} AND length(path) > length(@from)`;
      this.#database.prepare(`INSERT OR IGNORE INTO folder (path) ${below}`).run({ from, parent });
      this.#database.prepare(`DELETE FROM folder WHERE ${WITHIN('path')}`).run({ from });
      this.#database.prepare(`UPDATE vm SET folder = ${up('folder')} WHERE ${WITHIN('folder')}`).run({ from, parent });
    })();
  }
}
