import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import { sqliteFileWatch } from './fileWatch.ts'
import { sqliteTurns } from './inTurn.ts'

/** The file, and the time limit. */
export interface SqliteServerStoreOptions {
  /**
   * The file; created if it does not exist, with its `-wal` and `-shm`. On a local disk, not a network one. Only the
   * user of this process may read the three files (mode 600), even if they existed before.
   */
  readonly path: string
  /**
   * How long a write waits for the write of another process before its call rejects; milliseconds. Nothing else waits:
   * the process goes on meanwhile.
   * @default 1_000
   */
  readonly busyTimeoutMs?: number
  /**
   * Reads time.
   * @default the platform's
   */
  readonly clock?: Clock
}

/** A store in a file. */
export interface SqliteServerStore extends ServerStore {
  /** Closes the file. Calls after it reject. */
  close(): void
}

/** Distinguishes our files from others: "xses". */
const APPLICATION_ID = 0x78736573
const FORMAT = 2
const SCHEMA = `
  CREATE TABLE entries (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tags TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_expiry ON entries (expires_at);
  CREATE TABLE tags (tag TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tag, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX tags_by_key ON tags (key);
  CREATE TRIGGER entry_tagged AFTER INSERT ON entries BEGIN
    INSERT INTO tags SELECT value, new.key FROM json_each(new.tags);
  END;
  CREATE TRIGGER entry_retagged AFTER UPDATE OF tags ON entries WHEN new.tags <> old.tags BEGIN
    DELETE FROM tags WHERE key = old.key;
    INSERT INTO tags SELECT value, new.key FROM json_each(new.tags);
  END;
  CREATE TRIGGER entry_untagged AFTER DELETE ON entries BEGIN
    DELETE FROM tags WHERE key = old.key;
  END;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`
const SWEEP = 1_000
const SWEEP_EVERY_MS = 60_000
/** The last instant of a `Date`. */
const FOREVER = 8.64e15

/**
 * Keeps the sessions of a server in a file, for one machine. It survives a restart, and processes on that machine may
 * share it. Needs `node:sqlite` (Node 22.13 or newer).
 *
 * When the promise of a write resolves, the write is on the disk (`synchronous = FULL`): a rotated refresh token
 * survives a power cut. This costs a few milliseconds for each write on most disks, and the process does nothing else
 * meanwhile. While another process writes, only writes wait.
 *
 * If the file is deleted or replaced while it is open, the store notices this, and all later calls reject.
 *
 * @throws {Misconfigured} if the file cannot be opened, belongs to another application, or was written by a newer
 * release; the file then stays as it is
 *
 * @example
 * const store = sqliteServerStore({ path: 'sessions.db' })
 * const server = createSessionServer({ ...serverOptions, store })
 */
export function sqliteServerStore(options: SqliteServerStoreOptions): SqliteServerStore {
  const { path, busyTimeoutMs = 1_000, clock = systemClock } = optionsOf('sqliteServerStore', options)
  const database = open(path, busyTimeoutMs)
  const statements = prepare(database)
  const inTurn = sqliteTurns(clock, busyTimeoutMs)
  const file = sqliteFileWatch(database.location(), clock)
  let sweptAt = Number.NEGATIVE_INFINITY

  /** Deletes some expired entries. */
  function sweep(now: number) {
    if (clock.monotonic() - sweptAt < SWEEP_EVERY_MS) return
    try {
      if (statements.sweep.run(now, SWEEP).changes < SWEEP) sweptAt = clock.monotonic()
    } catch {
      // The write before it succeeded; the next one cleans.
    }
  }

  return {
    async read(key) {
      file.glance()
      const row = statements.read.get(key, clock.wall())
      return row ? { value: String(row.value), revision: Number(row.revision) } : null
    },

    async compareAndSet(key, expected, { value, expiresAt, tags = [] }) {
      const until = Math.min(Math.ceil(expiresAt), FOREVER)
      const tagged = JSON.stringify(tags)
      return inTurn(() => {
        file.look()
        const now = Math.floor(clock.wall())
        const { changes } =
          expected === null
            ? statements.insert.run(key, value, until, tagged, now)
            : statements.update.run(value, until, tagged, key, expected, now)
        if (!changes) return null
        sweep(now)
        return (expected ?? 0) + 1
      })
    },

    async keysOf(tag) {
      file.glance()
      return statements.keysOf.all(tag, clock.wall()).map(({ key }) => String(key))
    },

    now: async () => clock.wall(),

    close: () => database.close(),
  }
}

function prepare(
  database: DatabaseSync,
): Record<'read' | 'insert' | 'update' | 'keysOf' | 'sweep', StatementSync> {
  return {
    read: database.prepare('SELECT value, revision FROM entries WHERE key = ? AND expires_at > ?'),
    // An expired entry counts as absent and is replaced.
    insert: database.prepare(`
      INSERT INTO entries (key, value, revision, expires_at, tags) VALUES (?, ?, 1, ?, ?)
      ON CONFLICT (key) DO UPDATE
      SET value = excluded.value, revision = 1, expires_at = excluded.expires_at, tags = excluded.tags
      WHERE entries.expires_at <= ?`),
    update: database.prepare(`
      UPDATE entries SET value = ?, revision = revision + 1, expires_at = ?, tags = ?
      WHERE key = ? AND revision = ? AND expires_at > ?`),
    keysOf: database.prepare(
      'SELECT key FROM tags JOIN entries USING (key) WHERE tag = ? AND expires_at > ?',
    ),
    sweep: database.prepare(
      'DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE expires_at <= ? LIMIT ?)',
    ),
  }
}

function open(path: string, busyTimeoutMs: number): DatabaseSync {
  if (typeof path !== 'string' || path === '') {
    throw new Misconfigured(
      'sqliteServerStore: `path` is missing: name the file that keeps the sessions, as a text.',
    )
  }
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw new Misconfigured('sqliteServerStore: `busyTimeoutMs` is not a whole number of milliseconds.')
  }
  let database: DatabaseSync | undefined
  try {
    createPrivate(path)
    database = new DatabaseSync(path)
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    format(database, path)
    // Only after it is known to be ours. SQLite gives the files beside it the same mode.
    makePrivate(database.location())
    // From here on nobody waits within SQLite, because that would stop the whole process.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Misconfigured) throw error
    const why = error instanceof Error ? error.message : 'unknown error'
    throw new Misconfigured(
      `sqliteServerStore: ${path} cannot be opened (${why}): its folder must exist, both must be writable, and the file must be a SQLite database or absent.`,
    )
  }
}

const OWNER_ONLY = 0o600

/** So others can open the file at no moment. */
function createPrivate(path: string): void {
  if (path === ':memory:' || path.startsWith('file:')) return
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY))
  } catch {
    // It exists, or cannot be created: SQLite will report it.
  }
}

function makePrivate(file: string | null): void {
  if (file === null) return
  for (const suffix of ['', '-wal', '-shm'])
    try {
      chmodSync(`${file}${suffix}`, OWNER_ONLY)
    } catch {
      // It does not exist, or belongs to another user, who shares it on purpose.
    }
}

/** Creates the table in an empty file; two processes may try at once. */
function format(database: DatabaseSync, path: string): void {
  const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0])
  database.exec('BEGIN IMMEDIATE')
  try {
    const isEmpty = number('SELECT count(*) FROM sqlite_schema') === 0
    if (isEmpty) database.exec(SCHEMA)
    else if (number('PRAGMA application_id') !== APPLICATION_ID) {
      throw new Misconfigured(
        `sqliteServerStore: ${path} is a database of another program: choose another path.`,
      )
    } else if (number('PRAGMA user_version') < FORMAT) {
      throw new Misconfigured(
        `sqliteServerStore: ${path} was written by an older release of this package, whose sessions this one cannot find by their users: remove the file, or choose another path.`,
      )
    } else if (number('PRAGMA user_version') > FORMAT) {
      throw new Misconfigured(
        `sqliteServerStore: ${path} was written by a newer release of this package and is left as it is: update this package, or choose another path.`,
      )
    }
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
