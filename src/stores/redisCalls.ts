import type { Clock } from '../session/clock.ts'
import { type RedisClient, redisCommands } from './redisClient.ts'
import { redisFailure } from './redisFailure.ts'

type Argument = string | number

/** Calls that settle in time, with errors that repeat nothing of what was sent. */
export function redisCalls({
  client,
  commandTimeoutMs,
  clock,
}: {
  readonly client: RedisClient
  readonly commandTimeoutMs: number
  readonly clock: Clock
}) {
  const { command } = redisCommands(client)
  const digests = new Map<string, Promise<string>>()

  function send(args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`Redis did not answer within ${commandTimeoutMs} ms.`))
      const disarm = clock.setTimer(late, commandTimeoutMs, 'background')
      // A client may throw as well.
      const answer = async () => command([...args])
      answer()
        .then(resolve, (error: unknown) => reject(redisFailure(error)))
        .finally(disarm)
    })
  }

  /** The script by its digest, and in full where this Redis has not seen it. */
  async function run(script: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    let digest = digests.get(script)
    if (!digest) {
      digest = sha1(script)
      digests.set(script, digest)
    }
    try {
      return await send(['EVALSHA', await digest, keys.length, ...keys, ...args])
    } catch (error) {
      if ((error as { redisCode?: string }).redisCode !== 'NOSCRIPT') throw error
      return send(['EVAL', script, keys.length, ...keys, ...args])
    }
  }

  return { send, run }
}

async function sha1(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
