import type { redisCalls } from './calls.ts'

/**
 * What Redis deletes when it is full: with `noeviction` nothing. `undefined`: Redis does not permit the question, or
 * does not answer.
 */
export async function maxmemoryPolicy({
  send,
}: Pick<ReturnType<typeof redisCalls>, 'send'>): Promise<string | undefined> {
  try {
    const found = await send(['CONFIG', 'GET', 'maxmemory-policy'])
    const policy = Array.isArray(found) ? found[1] : Object.values(found ?? {})[0]
    return typeof policy === 'string' ? policy : undefined
  } catch {
    return undefined
  }
}
