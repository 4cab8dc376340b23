import type { Clock } from '../base/clock.ts'
import { within } from '../base/within.ts'
import { type RedisClient, redisCommands } from './client.ts'
import { redisFailure } from './failure.ts'

type Argument = string | number

/** How long a write waits for its copies. All commands of the connection wait with it, so later ones wait no longer. */
const COPY_MS = 100

/** Calls that settle in time. Their errors repeat nothing of the command. */
export function redisCalls({
  client,
  commandTimeoutMs,
  clock,
  replicas = 0,
}: {
  readonly client: RedisClient
  readonly commandTimeoutMs: number
  readonly clock: Clock
  /** This many replicas must have the writes of `write` and `run`, or the call rejects. */
  readonly replicas?: number
}) {
  const { command } = redisCommands(client)
  const digests = new Map<string, string>()
  let areBehind = false
  /** The last command that is settled had no answer in time. */
  let isSlow = false

  const late = () => {
    isSlow = true
    return new Error(`Redis did not answer within ${commandTimeoutMs} ms.`)
  }
  const answered = (found: unknown) => {
    isSlow = false
    return found
  }
  const send = (args: readonly Argument[]): Promise<unknown> => {
    const answer = () => {
      try {
        return command(args.map(String), isSlow).then(answered, fail)
      } catch (error) {
        // A client may throw as well.
        return fail(error)
      }
    }
    return within(clock, commandTimeoutMs, answer, late)
  }

  /** A command that writes. */
  const write = (args: readonly Argument[]): Promise<unknown> =>
    replicas === 0 ? send(args) : writeCopies(args)

  async function writeCopies(args: readonly Argument[]): Promise<unknown> {
    const answer = send(args)
    // Both in one step, so that both take the same connection: Redis counts the writes of a connection.
    const copies = send(['WAIT', replicas, areBehind ? 1 : COPY_MS])
    copies.catch(() => {})
    const found = await answer
    areBehind = !(Number(await copies) >= replicas)
    if (areBehind) throw new Error(`Redis has a write that fewer than ${replicas} replicas have.`)
    return found
  }

  /** The script by its digest, and in full if this Redis does not know it yet. */
  async function run(script: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    let digest = digests.get(script)
    if (!digest) {
      digest = await sha1(script)
      digests.set(script, digest)
    }
    try {
      return await write(['EVALSHA', digest, keys.length, ...keys, ...args])
    } catch (error) {
      if ((error as { redisCode?: string }).redisCode !== 'NOSCRIPT') throw error
      return write(['EVAL', script, keys.length, ...keys, ...args])
    }
  }

  return { send, write, run }
}

function fail(error: unknown): never {
  throw redisFailure(error)
}

async function sha1(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
