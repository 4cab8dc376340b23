import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createTableSql } from 'xstate-session/postgres'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerRecord } from '../../src/server/serverRecord.ts'
import { type Claims, freePort, startRedis } from './processes.ts'
import { startPostgres } from './startPostgres.ts'

export interface ClusterStore extends Claims {
  /** How it is called. */
  readonly title: string
  /** What its processes find it by. */
  readonly env: Readonly<Record<string, string>>
}

/** What several processes can share, each of its own in `folder`. `secret` seals the sessions. */
export const clusterStores = {
  async redis(folder: string): Promise<ClusterStore> {
    const { url, isClaimed } = await startRedis(folder)
    const env = { REDIS_URL: url, COORDINATOR_SECRET: randomBytes(32).toString('base64') }
    return { title: 'Redis', env, isClaimed }
  },

  async postgres(folder: string, secret: string): Promise<ClusterStore> {
    const { url } = await startPostgres({ folder, port: await freePort() })
    const client = new pg.Pool({ connectionString: url, max: 1, allowExitOnIdle: true })
    client.on('error', () => {})
    await client.query(createTableSql())
    const keyring = createKeyring([secret])
    return {
      title: 'PostgreSQL',
      env: { DATABASE_URL: url },
      // There the record of the session itself says it.
      async isClaimed() {
        const { rows } = await client.query<{ key: string; value: string }>(
          'SELECT key, value FROM xstate_sessions',
        )
        const open = rows.map(async ({ key, value }) => {
          const opened = await keyring.unseal(value, `session ${key}`)
          const record = 'plain' in opened ? readServerRecord(opened.plain, key) : undefined
          return typeof record === 'object' && record.intent?.openUntil !== undefined
        })
        return (await Promise.all(open)).includes(true)
      },
    }
  },
} as const
