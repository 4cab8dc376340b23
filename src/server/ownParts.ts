import { mac } from '#crypto'
import type { Clock } from '../base/clock.ts'
import { REPLAY_WINDOW_MS } from '../base/durations.ts'
import { coalescer } from '../coordination/coalescer.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { inProcessCoordinator } from '../coordination/inProcess.ts'
import { paceKeeper } from '../coordination/paceKeeper.ts'
import { type PaceStore, sharedPaces } from '../coordination/sharedPaces.ts'
import { memoryServerStore } from '../stores/memoryServerStore.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import type { SessionServerOptions } from './options.ts'

/**
 * With a store, the records are the ledger, and the process only needs to join its own requests. With cookies, a
 * parallel request overwrites what another wrote; there a row of this process decides.
 */
export function ownCoordinator({
  clock,
  random,
  sealedCookies,
  store,
}: Required<Pick<SessionServerOptions, 'clock' | 'random' | 'sealedCookies'>> &
  Pick<SessionServerOptions, 'store'>): Coordinator {
  const hash = keyedMac()
  if (sealedCookies) return inProcessCoordinator({ clock, random, hash })
  const paces = isPaceStore(store) ? sharedPaces(store, clock) : paceKeeper(clock)
  return coalescer({ replayWindowMs: REPLAY_WINDOW_MS, maxEntries: 10_000, clock, hash, paces })
}

/** Whether processes can share the pace of their refreshes in this store. */
const isPaceStore = (store: ServerStore | undefined): store is PaceStore & ServerStore =>
  store?.now !== undefined

/** Uses `#crypto`, which on Node costs a tenth of WebCrypto. */
function keyedMac() {
  const key = crypto.getRandomValues(new Uint8Array(32))
  return (text: string) => mac(key, text)
}

/** No late request with an older cookie is on its way for longer. */
const REMEMBERED_MS = 600_000

/** Remembers the contents of cookies while their session is in use. */
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
