import { type Clock, systemClock } from '../base/clock.ts'
import { Misconfigured } from '../base/errors.ts'
import { findingsOf } from '../base/finding.ts'
import { optionsOf } from '../base/optionsOf.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import { redisCalls } from './calls.ts'
import { assertRedisClient, hasOneConnection, type RedisClient } from './client.ts'
import { maxmemoryPolicy } from './policy.ts'

/** The Redis, and the time limit. */
export interface RedisServerStoreOptions {
  /**
   * A connected client of `redis` (node-redis) or `ioredis`, of one Redis, a cluster or Sentinel; the application opens and
   * closes it.
   */
  readonly client: RedisClient
  /**
   * What all keys begin with. All keys of one prefix are on one node of a cluster.
   *
   * @default "xstate-session:"
   */
  readonly prefix?: string
  /** How long a command may take before its call rejects; milliseconds, 1 to 60 000. @default 500 */
  readonly commandTimeoutMs?: number
  /**
   * How many replicas must have a write before it counts. With 1 or more, a failover to one of them brings no ended
   * session back and forgets no send. While they cannot be reached, writes reject, so nothing is refreshed and no
   * logout is confirmed. Only for a client with one connection: not for a cluster, and not for `createSentinel`. 0 to
   * 10.
   * @default 0
   */
  readonly replicas?: number
  /**
   * Reads time and sets timers.
   * @default the platform's
   */
  readonly clock?: Clock
}

/**
 * Writes if the revision is the expected one, and keeps an index for each tag: its keys, each with its expiry by the
 * clock of Redis. A key that has lost a tag is found out when the tag is read.
 *
 * `HSET` comes first: if Redis is full, it refuses this command, and nothing has changed.
 */
const SCRIPT = `
local entry = KEYS[1]
local expected, key, value, ttl, tags = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local revision = redis.call('HGET', entry, 'r')
if (revision or '') ~= expected then return false end
revision = tonumber(revision or '0') + 1
if tonumber(ttl) <= 0 then
  redis.call('DEL', entry)
  for i = 2, #KEYS do redis.call('ZREM', KEYS[i], key) end
  return revision
end
redis.call('HSET', entry, 'v', value, 'r', revision, 't', tags)
redis.call('PEXPIRE', entry, ttl)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #KEYS do
  local index = KEYS[i]
  redis.call('ZADD', index, string.format('%.0f', now + tonumber(ttl)), key)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', string.format('%.0f', now))
  if redis.call('PTTL', index) < tonumber(ttl) then redis.call('PEXPIRE', index, ttl) end
end
return revision
`

/** Redis counts no further than this from now; longer than any session. */
const LONGEST_MS = 8.64e15

/**
 * Keeps the sessions of a server in Redis or Valkey, for any number of processes. A read and a write take one round
 * trip each. Nothing polls, and Redis deletes expired entries itself.
 *
 * A confirmed write is as durable as that Redis: use `appendonly yes` if a restart must not log anybody out, and
 * `maxmemory-policy noeviction`, because an evicted session is lost. Let the client read only from the primary. A
 * replica that takes over lacks the last writes, unless `replicas` requires copies.
 *
 * A call rejects if Redis does not answer in time or refuses; the write may have been done all the same.
 *
 * @throws {Misconfigured} for options that are out of bounds, and a client that is none
 *
 * @example
 * const client = await createClient({ url }).connect()
 * const server = createSessionServer({ ...serverOptions, store: redisServerStore({ client }) })
 */
export function redisServerStore(options: RedisServerStoreOptions): ServerStore {
  const {
    client,
    prefix = 'xstate-session:',
    commandTimeoutMs = 500,
    replicas = 0,
    clock = systemClock,
  } = optionsOf('redisServerStore', options)
  assertRedisClient(client, 'redisServerStore')
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new Misconfigured('redisServerStore: `prefix` is a text without braces: they are set around it.')
  }
  if (!(commandTimeoutMs >= 1 && commandTimeoutMs <= 60_000)) {
    throw new Misconfigured(
      'redisServerStore: `commandTimeoutMs` is a number of milliseconds from 1 to 60000.',
    )
  }
  if (!(Number.isInteger(replicas) && replicas >= 0 && replicas <= 10)) {
    throw new Misconfigured('redisServerStore: `replicas` is a whole number from 0 to 10.')
  }
  if (replicas > 0 && !hasOneConnection(client)) {
    throw new Misconfigured(
      'redisServerStore: `replicas` needs a client with one connection, since Redis counts the copies of what came over it: neither a cluster, nor `createSentinel` of node-redis. `ioredis` by way of Sentinel has one.',
    )
  }
  const { send, write, run } = redisCalls({ client, commandTimeoutMs, clock, replicas })
  /** The values that only this process may write here, each with the number of its write. */
  const uncopied = new Map<string, number>()
  let writes = 0
  // The braces keep the keys of one script together on one node of a cluster.
  const entryKey = (key: string) => `{${prefix}}entry:${key}`
  const tagKey = (tag: string) => `{${prefix}}tag:${tag}`

  /** A copied write proves the copies of all before it. If nothing was written (`null`), it proves nothing. */
  async function copied<T>(key: string, writing: () => Promise<T>): Promise<T> {
    const mine = ++writes
    try {
      const done = await writing()
      if (done !== null) for (const [other, number] of uncopied) if (number <= mine) uncopied.delete(other)
      return done
    } catch (error) {
      if (replicas > 0) uncopied.set(key, mine)
      throw error
    }
  }

  return {
    async read(key) {
      // A failover may undo this, so nobody is told.
      if (uncopied.has(key)) await copied(key, () => write(['SET', `{${prefix}}copied`, '1', 'PX', 1_000]))
      const [value, revision] = listOf(await send(['HMGET', entryKey(key), 'v', 'r']))
      if (value === null && revision === null) return null
      if (typeof value !== 'string') throw unexpected('text')
      return { value, revision: countOf(revision) }
    },

    async compareAndSet(key, expected, { value, expiresAt, tags = [] }) {
      const ttlMs = Math.min(Math.ceil(expiresAt - clock.wall()), LONGEST_MS - clock.wall())
      const keys = [entryKey(key), ...tags.map(tagKey)]
      const written = tags.length > 0 ? JSON.stringify(tags) : ''
      const args = [expected === null ? '' : String(expected), key, value, String(ttlMs), written]
      const revision = await copied(key, () => run(SCRIPT, keys, args))
      return revision === null ? null : countOf(revision)
    },

    async check() {
      const { ok, wrong, unknown } = findingsOf('store')
      const policy = await maxmemoryPolicy({ send })
      if (policy === undefined)
        return [
          unknown(
            'Redis does not tell its `maxmemory-policy` (CONFIG is not allowed): it must be noeviction, or sessions are forgotten.',
          ),
        ]
      return [
        policy === 'noeviction'
          ? ok('Redis evicts nothing.')
          : wrong(
              `Redis has \`maxmemory-policy\` ${policy}: when it is full, it forgets sessions, and which tokens were sent. Set noeviction.`,
            ),
      ]
    },

    async keysOf(tag) {
      const keys = listOf(await send(['ZRANGE', tagKey(tag), 0, -1])).map(String)
      // An entry may have expired, or lost the tag.
      const written = await Promise.all(keys.map((key) => send(['HGET', entryKey(key), 't'])))
      return keys.filter((_, i) => tagsOf(written[i]).includes(tag))
    },
  }
}

function tagsOf(written: unknown): readonly unknown[] {
  return typeof written === 'string' && written !== '' ? listOf(JSON.parse(written)) : []
}

function listOf(answer: unknown): readonly unknown[] {
  if (!Array.isArray(answer)) throw unexpected('a list')
  return answer
}

function countOf(answer: unknown): number {
  const count = typeof answer === 'string' && answer !== '' ? Number(answer) : answer
  if (!Number.isSafeInteger(count) || (count as number) < 1) throw unexpected('a count')
  return count as number
}

const unexpected = (what: string) =>
  new Error(
    `Redis answered something else than ${what}: configure the client to return text, and use this prefix for nothing else.`,
  )
