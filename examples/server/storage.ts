import pg from 'pg'
import { createClient } from 'redis'
import type { Coordinator } from 'xstate-session'
import { postgresServerStore } from 'xstate-session/postgres'
import { redisCoordinator, redisServerStore } from 'xstate-session/redis'
import type { ServerStore } from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'
import type { Settings } from './settings.ts'

export interface Storage {
  readonly store: ServerStore
  /** Absent: one process needs none. */
  readonly coordinator?: Coordinator
  close(): Promise<void>
}

/** Redis or PostgreSQL for several processes, a file for one. */
export async function openStorage(settings: Settings, onWarning: (code: string) => void): Promise<Storage> {
  const { redisUrl, databaseUrl, database = '', coordinatorSecret: secret } = settings
  if (databaseUrl) return openDatabase(databaseUrl)
  if (!redisUrl) {
    const store = sqliteServerStore({ path: database })
    return { store, close: async () => store.close() }
  }
  const client = createClient({ url: redisUrl })
  // The client connects again by itself; the server is told of every command that failed.
  client.on('error', () => {})
  await client.connect()
  const coordinator = redisCoordinator({ client, secret, onWarning })
  return {
    store: redisServerStore({ client }),
    coordinator,
    async close() {
      coordinator.close()
      client.destroy()
    },
  }
}

function openDatabase(connectionString: string): Storage {
  // A connection that falls silent is given up.
  const client = new pg.Pool({ connectionString, connectionTimeoutMillis: 2_000, query_timeout: 2_000 })
  // The pool connects again by itself; the server is told of every statement that failed.
  client.on('error', () => {})
  const store = postgresServerStore({
    client,
    async listen() {
      const own = new pg.Client({ connectionString })
      await own.connect()
      return own
    },
  })
  return {
    store,
    async close() {
      store.close()
      await client.end()
    },
  }
}
