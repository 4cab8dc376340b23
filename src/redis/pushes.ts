import type { Clock } from '../base/clock.ts'
import { type RedisClient, redisCommands } from './client.ts'

/** All followers of this process together ask Redis no more often. */
const LOOK_MS = 100
/** After this time without a push a follower asks Redis. */
const SILENT_MS = 1_000

/** Receives news of flights by one subscription for all of them, which is made for the first waiting caller. */
export function redisPushes(client: RedisClient, channel: string, clock: Clock, onUnreachable: () => void) {
  const waiting = new Map<string, Set<(message: string) => void>>()
  let listening: Promise<() => void> | undefined
  let lastLook = 0

  function listen(): Promise<() => void> {
    listening ??= redisCommands(client)
      .subscribe(channel, (message) => {
        const name = message.slice(0, message.indexOf(' '))
        for (const wake of [...(waiting.get(name) ?? [])]) wake(message.slice(name.length + 1))
      })
      .catch((error) => {
        listening = undefined
        throw error
      })
    return listening
  }

  /** Spreads the requests of all followers here. */
  function lookAfter(timeoutMs: number): number {
    const now = clock.monotonic()
    lastLook = Math.max(lastLook + LOOK_MS, now + Math.min(timeoutMs, SILENT_MS) * (1 + Math.random() / 4))
    return Math.max(1, lastLook - now)
  }

  return {
    /** The news of a flight; `undefined` after `timeoutMs`, when it is time to ask Redis. */
    async next(name: string, timeoutMs: number): Promise<string | undefined> {
      await listen().catch(onUnreachable)
      return new Promise((resolve) => {
        const wakes = waiting.get(name) ?? new Set()
        waiting.set(name, wakes)
        const done = (message: string | undefined) => {
          disarm()
          wakes.delete(done)
          if (wakes.size === 0) waiting.delete(name)
          resolve(message)
        }
        const disarm = clock.setTimer(() => done(undefined), lookAfter(timeoutMs), 'foreground')
        wakes.add(done)
      })
    },
    /** Closes the subscription. */
    close: () => void listening?.then((stop) => stop()).catch(() => {}),
  }
}
