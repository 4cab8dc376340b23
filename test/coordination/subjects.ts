import { inProcessCoordinator } from 'xstate-session'
import { memoryServerStore, type ServerStore } from 'xstate-session/server'
import type { CoordinatorUnderTest } from 'xstate-session/testing'
import { sharedVault } from '../../src/browser/sharedVault.ts'
import { createEntries } from '../../src/server/entries.ts'
import { withIntents } from '../../src/server/intents.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import { fakeClock } from '../fakeClock.ts'
import { sessionOf } from './sessionOf.ts'

/** One subject of the conformance suite for each kind of ledger that needs no server. */

export async function oneProcess(): Promise<CoordinatorUnderTest> {
  const clock = fakeClock()
  return { coordinator: inProcessCoordinator({ clock }), advance: clock.advance }
}

const SECRET = 'a secret that is long enough for a test of this'

/** Two server processes over one store. */
export async function twoServers(
  clock = fakeClock(),
  store: ServerStore = memoryServerStore({ clock }),
): Promise<Omit<Required<CoordinatorUnderTest>, 'close'>> {
  const keyring = createKeyring([SECRET])
  const place = { logins: {}, publicUrl: 'https://admin.example', secrets: [SECRET] }
  const [one, two] = [0, 1].map(() => {
    const settings = readServerOptions({ ...place, store, clock, idleTimeoutMs: 604_800_000 })
    const entries = createEntries(settings, keyring)
    return { entries, coordinator: withIntents(settings.coordinator, entries, settings) }
  }) as [Server, Server]
  return {
    coordinator: one.coordinator,
    other: two.coordinator,
    advance: clock.advance,
    async record(identity) {
      const { sessionId: key = '' } = identity
      const before = await one.entries.read(key)
      const session = sessionOf(identity, (before?.record.session.version ?? 0) + 1, clock)
      const at = clock.wall()
      const times = { activeAt: at, verifiedAt: at }
      await one.entries.write(
        { v: 1, key, login: 'login', via: ['librechat', ''], session, ...times },
        before?.revision ?? null,
      )
    },
  }
}

interface Server {
  readonly entries: ReturnType<typeof createEntries>
  readonly coordinator: ReturnType<typeof withIntents>
}

/** Two tabs over one vault. `createDatabase` must be that of `fakeDatabase`. */
export async function twoTabs(): Promise<CoordinatorUnderTest> {
  const clock = fakeClock()
  const name = `vault ${++vaults}`
  const tab = () =>
    sharedVault({
      name,
      clock,
      random: Math.random,
      // Nothing depends on it.
      lock: (task) => task(),
      onWritten: () => {},
      onUnavailable: () => {},
    })
  const [one, two] = [tab(), tab()]
  return {
    coordinator: one.coordinator,
    other: two.coordinator,
    advance: clock.advance,
    async record(identity) {
      const before = await one.store.read()
      await one.store.compareAndSet(before, sessionOf(identity, (before?.version ?? 0) + 1, clock))
      // As its hint makes the other tab do.
      await two.store.read()
    },
  }
}

let vaults = 0
