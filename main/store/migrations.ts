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
  `
  CREATE TABLE task (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    vm_id       TEXT NOT NULL,
    vm_name     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    by          TEXT NOT NULL CHECK (by IN ('user', 'system')),
    started_at  INTEGER NOT NULL,                  -- ms since 1970, UTC
    ended_at    INTEGER,                           -- NULL while it runs
    outcome     TEXT CHECK (outcome IN ('done', 'failed', 'cancelled', 'interrupted')),
    error       TEXT,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
  ) STRICT;
  CREATE INDEX task_vm ON task (vm_id, id);
  CREATE INDEX task_running ON task (id) WHERE outcome IS NULL;

  CREATE TABLE alarm (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    vm_id            TEXT NOT NULL,
    vm_name          TEXT NOT NULL,
    definition       TEXT NOT NULL,
    severity         TEXT NOT NULL CHECK (severity IN ('warning', 'error')),
    message          TEXT NOT NULL,
    raised_at        INTEGER NOT NULL,             -- ms since 1970, UTC
    last_at          INTEGER NOT NULL,             -- raised the last time while it was active
    count            INTEGER NOT NULL DEFAULT 1,
    cleared_at       INTEGER,                      -- NULL while it is active
    acknowledged_at  INTEGER
  ) STRICT;
  CREATE INDEX alarm_vm ON alarm (vm_id, id);
  -- At most one active alarm of each definition for each VM.
  CREATE UNIQUE INDEX alarm_active ON alarm (vm_id, definition) WHERE cleared_at IS NULL;
  `,
  `
  CREATE TABLE network (
    name    TEXT PRIMARY KEY COLLATE NOCASE,
    subnet  TEXT,                                  -- of a NAT of our own …
    uplink  TEXT,                                  -- … or where somebody else's network is
    CHECK ((subnet IS NULL) <> (uplink IS NULL))
  ) STRICT;

  CREATE TABLE forward (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    vm_id         TEXT NOT NULL REFERENCES vm (id) ON DELETE CASCADE,
    protocol      TEXT NOT NULL CHECK (protocol IN ('tcp', 'udp')),
    host_address  TEXT NOT NULL,
    host_port     INTEGER NOT NULL CHECK (host_port BETWEEN 1 AND 65535),
    guest_port    INTEGER NOT NULL CHECK (guest_port BETWEEN 1 AND 65535),
    UNIQUE (protocol, host_address, host_port)
  ) STRICT;
  `,
  `
  CREATE TABLE failover (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    vm_id            TEXT NOT NULL,
    vm_name          TEXT NOT NULL,
    at               INTEGER NOT NULL,             -- ms since 1970, UTC: when the backup went live
    generation       INTEGER NOT NULL,
    from_pid         INTEGER NOT NULL,
    to_pid           INTEGER NOT NULL,
    requested        INTEGER NOT NULL CHECK (requested IN (0, 1)),
    reason           TEXT NOT NULL,
    detect_ms        REAL NOT NULL,
    drain_ms         REAL NOT NULL,
    arbitrate_ms     REAL NOT NULL,
    live_ms          REAL NOT NULL,
    first_output_ms  REAL,                         -- these two NULL until it is so
    protected_ms     REAL
  ) STRICT;
  CREATE INDEX failover_vm ON failover (vm_id, id);

  -- What was measured, in steps of several lengths; how long each is kept: main/store/metrics.ts.
  CREATE TABLE metric (
    vm_id    TEXT NOT NULL REFERENCES vm (id) ON DELETE CASCADE,
    step_ms  INTEGER NOT NULL CHECK (step_ms IN (1000, 10000, 60000)),
    at       INTEGER NOT NULL CHECK (at % step_ms = 0),  -- ms since 1970, UTC: when the step began
    mean     TEXT NOT NULL CHECK (json_valid(mean)),     -- of each series that was measured, by name
    peak     TEXT CHECK (json_valid(peak)),              -- NULL: the same
    PRIMARY KEY (vm_id, step_ms, at)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE folder (path TEXT PRIMARY KEY COLLATE NOCASE) STRICT;
  -- The path of the folder it is in; empty where it is in none.
  ALTER TABLE vm ADD COLUMN folder TEXT NOT NULL DEFAULT '';
  `,
  `
  -- The state in which it was suspended, NULL where it was not; files are named, see main/store/vms.ts.
  ALTER TABLE vm ADD COLUMN saved_state TEXT CHECK (saved_state IS NULL OR json_valid(saved_state));
  -- The snapshot from which it goes on, by id.
  ALTER TABLE vm ADD COLUMN current_snapshot TEXT;
  -- The snapshot to which it is being taken back: a host that dies in between leaves the rest to the next one.
  ALTER TABLE vm ADD COLUMN reverting_to TEXT;

  CREATE TABLE snapshot (
    id         TEXT PRIMARY KEY,
    vm_id      TEXT NOT NULL REFERENCES vm (id) ON DELETE CASCADE,
    parent     TEXT REFERENCES snapshot (id),
    name       TEXT NOT NULL COLLATE NOCASE,
    note       TEXT NOT NULL,
    taken_at   INTEGER NOT NULL,                            -- ms since 1970, UTC
    config     TEXT NOT NULL CHECK (json_valid(config)),    -- of the VM
    state      TEXT CHECK (state IS NULL OR json_valid(state)),  -- NULL: it was off
    disk       TEXT,                                        -- the frozen file; NULL: it has no hard disk
    thumbnail  BLOB,                                        -- PNG
    UNIQUE (vm_id, name)
  ) STRICT;
  `,
  `
  -- The host takes an automatic checkpoint every so many minutes while it runs; 0: it takes none.
  ALTER TABLE vm ADD COLUMN checkpoint_minutes INTEGER NOT NULL DEFAULT 0
    CHECK (checkpoint_minutes BETWEEN 0 AND 1440);
  -- Until when it is known to have run (ms since 1970, UTC), where it was powered off unexpectedly.
  ALTER TABLE vm ADD COLUMN lost_at INTEGER;

  -- Of each VM the newest one: the next takes its place in one step.
  CREATE TABLE checkpoint (
    vm_id     TEXT PRIMARY KEY REFERENCES vm (id) ON DELETE CASCADE,
    id        TEXT NOT NULL UNIQUE,
    parent    TEXT REFERENCES snapshot (id) ON DELETE SET NULL,  -- the snapshot that was current then
    taken_at  INTEGER NOT NULL,                                  -- ms since 1970, UTC
    stun_ms   REAL NOT NULL,
    config    TEXT NOT NULL CHECK (json_valid(config)),          -- of the VM
    state     TEXT NOT NULL CHECK (json_valid(state)),
    disk      TEXT                                               -- the frozen file; NULL: it has no hard disk
  ) STRICT;
  `,
];
