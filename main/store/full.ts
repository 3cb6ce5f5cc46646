/**
 * A database whose file system is full.
 *
 * Invariant: it has room inside its own files for some megabytes of rows, whatever else fills the disk.
 */
import type Database from 'better-sqlite3';

/** Free pages in the file, and room in its write-ahead log. */
const ELBOW_ROOM_BYTES = 2 << 20;
/** In pages of 4096 bytes: far less than the log has room for. */
const CHECKPOINT_PAGES = 128;

export function isDatabaseFull(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'SQLITE_FULL';
}

/** What a row is written into while there is no room outside. Without room for that it is not made. */
export function makeElbowRoom(database: Database.Database): void {
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  try {
    // Two transactions: pages that are freed in the one that wrote them are never written.
    database.exec('DROP TABLE IF EXISTS elbow_room; CREATE TABLE elbow_room (filler BLOB) STRICT;');
    database.prepare('INSERT INTO elbow_room VALUES (zeroblob(?))').run(ELBOW_ROOM_BYTES);
    database.exec('DROP TABLE elbow_room;');
    database.pragma('wal_checkpoint(PASSIVE)');
  } catch (error) {
    if (!isDatabaseFull(error)) throw error;
  }
}
