import { mac } from '#crypto'
import type { Clock } from '../base/clock.ts'
import { coalescer } from '../coordination/coalescer.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { inProcessCoordinator } from '../coordination/inProcess.ts'
import { paceKeeper } from '../coordination/paceKeeper.ts'
import { memoryServerStore } from '../stores/memoryServerStore.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import type { SessionServerOptions } from './options.ts'

/**
 * Where records are kept by a store, they are the ledger, and requests of one process need only be made one. A cookie
 * loses what a parallel request wrote into it: there a row of this process decides.
 */
export function ownCoordinator({
  clock,
  random,
  sealedCookies,
}: Required<Pick<SessionServerOptions, 'clock' | 'random' | 'sealedCookies'>>): Coordinator {
  const hash = keyedMac()
  return sealedCookies
    ? inProcessCoordinator({ clock, random, hash })
    : coalescer({ replayWindowMs: 60_000, maxEntries: 10_000, clock, hash, paces: paceKeeper(clock) })
}

/** By `#crypto`, which on Node costs a tenth of WebCrypto. */
function keyedMac() {
  const key = crypto.getRandomValues(new Uint8Array(32))
  return (text: string) => mac(key, text)
}

/** Longer than any straggler with an older cookie is on its way. */
const REMEMBERED_MS = 600_000

/** What cookies say, remembered while a session is in use. */
export function shortMemory(clock: Clock): ServerStore {
  const store = memoryServerStore({ clock })
  return {
    ...store,
    compareAndSet(key, expected, next) {
      const expiresAt = Math.min(next.expiresAt, clock.wall() + REMEMBERED_MS)
      return store.compareAndSet(key, expected, { ...next, expiresAt })
    },
  }
}
