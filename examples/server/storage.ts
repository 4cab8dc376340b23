import { createClient } from 'redis'
import type { Coordinator } from 'xstate-session'
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

/** Redis for several processes, a file for one. */
export async function openStorage(settings: Settings, onWarning: (code: string) => void): Promise<Storage> {
  const { redisUrl, database = '', coordinatorSecret: secret } = settings
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
