/**
 * The schema, as the steps that made it. The version of a database is the number of steps it has taken.
 *
 * Invariant: a step that was released is never changed; the next change is a new step.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE vm (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created_at     INTEGER NOT NULL,               -- ms since 1970, UTC
    config         TEXT NOT NULL CHECK (json_valid(config)),
    ft_enabled     INTEGER NOT NULL DEFAULT 0 CHECK (ft_enabled IN (0, 1)),
    powered_on_at  INTEGER,                        -- ms since 1970, UTC; NULL while it is off
    note           TEXT                            -- what the user should know while it is off
  ) STRICT;

  CREATE TABLE event (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,                    -- ms since 1970, UTC
    vm_id     TEXT,                                -- kept when the VM is deleted: history stays
    vm_name   TEXT,
    kind      TEXT NOT NULL,
    severity  TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    message   TEXT NOT NULL,
    data      TEXT NOT NULL CHECK (json_valid(data))
  ) STRICT;
  CREATE INDEX event_vm ON event (vm_id, id);
  `,
  `
  ALTER TABLE vm ADD COLUMN ft_suspended INTEGER NOT NULL DEFAULT 0 CHECK (ft_suspended IN (0, 1));
  -- What was set, by name; what is not there has its default.
  ALTER TABLE vm ADD COLUMN ft_settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(ft_settings));
  `,
];
