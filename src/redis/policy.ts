import type { redisCalls } from './calls.ts'

/** Asks Redis whether it evicts, and tells if so: it may then forget what it must not. */
export async function redisPolicy(redis: ReturnType<typeof redisCalls>, onEvicts: () => void): Promise<void> {
  try {
    const found = await redis.send(['CONFIG', 'GET', 'maxmemory-policy'])
    const policy = Array.isArray(found) ? found[1] : Object.values(found ?? {})[0]
    if (typeof policy === 'string' && policy !== 'noeviction') onEvicts()
  } catch {
    // Not allowed to ask, or not reachable: the flight tells.
  }
}
