import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { optionsOf } from '../base/optionsOf.ts'
import { within } from '../base/within.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import { type PostgresClient, type PostgresRow, postgresRows } from './client.ts'
import { isRace, postgresFailure } from './failure.ts'
import { hintOf } from './hintOf.ts'
import { type PostgresListener, postgresHints } from './hints.ts'
import { CLEANED, postgresStatements } from './statements.ts'
import { DEFAULT_TABLE, quotedTable } from './table.ts'

/** The database, and the time limit. */
export interface PostgresServerStoreOptions {
  /** A `Pool` of `pg`, or the `sql` of `postgres` (Postgres.js), at the primary; the application opens and closes it. */
  readonly client: PostgresClient
  /**
   * The table, with its schema if it has one (`panel.sessions`); `createTableSql` makes it.
   * @default "xstate_sessions"
   */
  readonly table?: string
  /**
   * Receives ends and awaited outcomes of other processes, on its own connection: a function that returns a connected
   * `Client` of `pg`, or the `sql` of `postgres`. It must connect directly to the database, because a transaction
   * pooler passes no notifications on.
   * @default none: the store reads the table from time to time
   */
  readonly listen?: PostgresListener
  /**
   * How long a statement may take before its call rejects, the wait for a connection included; milliseconds, 1 to
   * 60 000.
   * @default 2_000
   */
  readonly statementTimeoutMs?: number
  /**
   * Reads time and sets timers.
   * @default the platform's
   */
  readonly clock?: Clock
}

/** A store in a table. */
export interface PostgresServerStore extends ServerStore {
  /** Closes the listening connection, if there is one. The application closes `client`. */
  close(): void
}

const CLEAN_EVERY_MS = 60_000
const TRIES = 3
/** PostgreSQL counts no further than this from now; longer than any session. */
const LONGEST_MS = 8.64e15

/**
 * Keeps the sessions of a server in a table of PostgreSQL, for any number of processes. Each call is one unnamed
 * statement, so a pooler in transaction mode may stand between. Nothing is locked for longer than its statement. The
 * clock of the database decides about expiry. Expired entries are deleted within hours, a thousand at a time.
 *
 * A confirmed write is as durable as that database: leave `synchronous_commit` on, because a lost write may cost the
 * session. A standby that takes over lacks the last writes unless it is synchronous. The store does not read from a
 * standby: the call rejects.
 *
 * A call rejects if PostgreSQL does not answer in time or refuses; the write may have been done all the same.
 *
 * @throws {Misconfigured} for options that are out of bounds
 *
 * @example
 * const client = new pg.Pool({ connectionString: url })
 * await client.query(createTableSql())
 * const server = createSessionServer({ ...serverOptions, store: postgresServerStore({ client }) })
 */
export function postgresServerStore(options: PostgresServerStoreOptions): PostgresServerStore {
  const {
    client,
    table = DEFAULT_TABLE,
    listen,
    statementTimeoutMs = 2_000,
    clock = systemClock,
  } = optionsOf('postgresServerStore', options)
  const { unsafe, query } = (client ?? {}) as { unsafe?: unknown; query?: unknown }
  if (typeof (unsafe ?? query) !== 'function')
    throw new Misconfigured(
      'postgresServerStore: `client` must be a client of a PostgreSQL: new Pool() of pg, or postgres() of Postgres.js.',
    )
  const statements = postgresStatements(quotedTable(table), table)
  if (!(statementTimeoutMs >= 1 && statementTimeoutMs <= 60_000)) {
    throw new Misconfigured(
      'postgresServerStore: `statementTimeoutMs` is a number of milliseconds from 1 to 60000.',
    )
  }
  const hints = listen && postgresHints(listen, table, clock)
  let cleanedAt = Number.NEGATIVE_INFINITY
  const late = () => new Error(`PostgreSQL did not answer within ${statementTimeoutMs} ms.`)

  async function rowsOf(statement: string, ...parameters: string[]): Promise<readonly PostgresRow[]> {
    const found = await within(clock, statementTimeoutMs, () => run(statement, parameters), late)
    if (!Array.isArray(found)) throw unexpected('rows')
    return found
  }

  async function run(statement: string, parameters: readonly string[]): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        return await postgresRows(client, statement, parameters)
      } catch (error) {
        if (tries === TRIES || !isRace(error)) throw postgresFailure(error)
      }
    }
  }

  /** Deletes some expired entries. Nobody waits for it. */
  async function clean(): Promise<void> {
    const now = clock.monotonic()
    if (now - cleanedAt < CLEAN_EVERY_MS) return
    cleanedAt = now
    try {
      if ((await rowsOf(statements.clean)).length === CLEANED) cleanedAt = Number.NEGATIVE_INFINITY
    } catch {
      // The write before it succeeded; a later one cleans.
    }
  }

  return {
    async read(key) {
      const [row] = await rowsOf(statements.read, key)
      if (!row) throw unexpected('a row')
      refuseStandby(row)
      if (row.value === null && row.revision === null) return null
      if (typeof row.value !== 'string') throw unexpected('text')
      return { value: row.value, revision: countOf(row.revision) }
    },

    async compareAndSet(key, expected, { value, expiresAt, tags = [], isEnd }) {
      const lifeMs = Math.min(Math.ceil(expiresAt - clock.wall()), LONGEST_MS - Math.ceil(clock.wall()))
      const written = [key, value, String(lifeMs), JSON.stringify(tags)]
      const [row] = await (expected === null
        ? rowsOf(statements.insert, ...written)
        : rowsOf(statements.update, ...written, String(expected), await hintOf(key), isEnd ? '1' : ''))
      if (!row) return null
      void clean()
      return countOf(row.revision)
    },

    async keysOf(tag) {
      const rows = await rowsOf(statements.keysOf, tag)
      for (const row of rows) refuseStandby(row)
      return rows.map(({ key }) => String(key))
    },

    async now() {
      const [row] = await rowsOf(statements.now)
      if (!row) throw unexpected('a row')
      return countOf(row.now)
    },

    ...(hints && {
      watch(key: string, onChange: () => void, awaitedMs = 0) {
        let isOver = false
        const unwatch = hints.watch(key, onChange)
        const look = () => {
          if (!isOver) onChange()
        }
        // Nobody is told of writes before this.
        if (awaitedMs > 0) rowsOf(statements.await, key, String(Math.ceil(awaitedMs))).then(look, () => {})
        return () => {
          isOver = true
          unwatch()
        }
      },
    }),

    close: () => hints?.close(),
  }
}

/** The answer may be old. */
function refuseStandby({ standby }: PostgresRow): void {
  if (standby !== false) throw postgresFailure({ code: '25006' })
}

function countOf(answer: unknown): number {
  const count = typeof answer === 'string' && answer !== '' ? Number(answer) : answer
  if (!Number.isSafeInteger(count) || (count as number) < 1) throw unexpected('a count')
  return count as number
}

const unexpected = (what: string) =>
  new Error(`PostgreSQL answered something else than ${what}: use this table for nothing else.`)
