import { describe, expect, test } from 'vitest'
import { memoryStore, type Position, type SessionStoreCalls, type StoredSession } from 'xstate-session'
import { memoryServerStore } from 'xstate-session/server'
import { sqliteServerStore } from 'xstate-session/sqlite'
import { sessionStoreConformance } from 'xstate-session/testing'
import { createEntries } from '../../src/server/entries.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import type { ServerStore } from '../../src/stores/serverStore.ts'

describe('memoryStore', () => {
  for (const { name, run } of sessionStoreConformance({ create: async () => ({ store: memoryStore() }) }))
    test(name, run)
})

/** The record that a session of a server keeps its tokens in. It is made by the login, before its session. */
const SECRET = 'a secret that is long enough for a test of this'
const KEY = 'key'
const holds: StoredSession = {
  v: 1,
  epoch: 1,
  version: 1,
  provider: 'openid',
  user: { id: 'ada' },
  bearer: 'bearer',
  refreshToken: 'token',
  startedAt: 1,
}

async function createServerStore(serverStore: ServerStore) {
  /** One process of the server: only the entries are shared. */
  const process = () =>
    createEntries(
      readServerOptions({
        logins: {},
        publicUrl: 'https://admin.example',
        secrets: [SECRET],
        store: serverStore,
        absoluteLifetimeMs: Infinity,
        idleTimeoutMs: Infinity,
      }),
      createKeyring([SECRET]),
    )
  const [one, two] = [process(), process()]
  const now = Date.now()
  await one.write(
    {
      v: 1,
      key: KEY,
      login: 'login',
      via: ['librechat', ''],
      session: holds,
      activeAt: now,
      verifiedAt: now,
    },
    null,
  )
  return {
    store: unnamed(one.sessionStore(KEY, undefined)),
    other: unnamed(two.sessionStore(KEY, undefined)),
  }
}

/** A session of a server that is written without a name comes back named by its key. */
const unnamed = (store: SessionStoreCalls): SessionStoreCalls => ({
  ...store,
  async read() {
    const stored = await store.read()
    if (!stored || 'ended' in stored || stored.sessionId !== KEY) return stored
    const { sessionId, ...rest } = stored
    return rest
  },
})

describe.each([
  ['in memory', () => memoryServerStore()],
  ['in SQLite', () => sqliteServerStore({ path: ':memory:' })],
])('the sealed record of a server %s', (_, open) => {
  for (const { name, run } of sessionStoreConformance({ create: () => createServerStore(open()), holds }))
    test(name, run)
})

describe('the suite refuses', () => {
  type Spoiled = SessionStoreCalls & { readonly other?: SessionStoreCalls }
  const failing = async (make: () => Spoiled) => {
    const found: string[] = []
    const create = async () => {
      const { other, ...store } = make()
      return { store, ...(other && { other }) }
    }
    for (const { name, run } of sessionStoreConformance({ create })) await run().catch(() => found.push(name))
    return found
  }

  /** A correct store in which one thing can be another. */
  function storeWith({
    isAt = (a: Position | null, b: Position | null) => a?.epoch === b?.epoch && a?.version === b?.version,
    copy = structuredClone as <T>(value: T) => T,
    pause = undefined as Promise<void> | undefined,
  }): SessionStoreCalls {
    let stored: StoredSession | null = null
    return {
      read: async () => copy(stored),
      async compareAndSet(expected, next) {
        const isFit = isAt(stored, expected)
        if (pause) await pause
        if (isFit) stored = copy(next)
        return isFit
      },
    }
  }

  test('nothing of a store that is right', async () => {
    expect(await failing(() => storeWith({}))).toEqual([])
  })

  test('one that compares nothing', async () => {
    expect(await failing(() => storeWith({ isAt: () => true }))).toEqual([
      'the first record is written where nothing is stored, once',
      'of many first writers exactly one wins',
      'a writer that expects another position changes nothing',
      'of many writers at once exactly one wins',
      'after a logout a late refresh does not bring the session back',
      'a login takes the place of a tombstone',
      'two handles see each other at once',
    ])
  })

  test('one that writes blindly where nothing is expected', async () => {
    const isAt = (a: Position | null, b: Position | null) =>
      b === null || (a?.epoch === b.epoch && a.version === b.version)
    expect(await failing(() => storeWith({ isAt }))).toContain('a login takes the place of a tombstone')
  })

  test('one that takes a newer version for the same', async () => {
    const isAt = (a: Position | null, b: Position | null) =>
      a?.epoch === b?.epoch && (a?.version ?? 0) >= (b?.version ?? 0)
    expect(await failing(() => storeWith({ isAt }))).toContain(
      'after a logout a late refresh does not bring the session back',
    )
  })

  test('one that forgets the epoch', async () => {
    const isAt = (a: Position | null, b: Position | null) => a?.version === b?.version
    expect(await failing(() => storeWith({ isAt }))).toEqual([
      'a writer that expects another position changes nothing',
    ])
  })

  test('one that looks, waits and writes', async () => {
    expect(await failing(() => storeWith({ pause: Promise.resolve() }))).toEqual([
      'of many first writers exactly one wins',
      'of many writers at once exactly one wins',
    ])
  })

  test('one that hands out what it holds', async () => {
    expect(await failing(() => storeWith({ copy: (value) => value }))).toEqual([
      'what goes in and what comes out are copies',
    ])
  })

  test('one that keeps only what it thinks is needed', async () => {
    const copy = <T>(value: T): T => {
      const { tenantId: _, ...rest } = (value ?? {}) as { tenantId?: string }
      return (value && structuredClone(rest)) as T
    }
    expect(await failing(() => storeWith({ copy }))).toEqual(['a record comes back as it was written'])
  })

  test('one that compares what is none of its business', async () => {
    const isAt = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
    expect(await failing(() => storeWith({ isAt }))).toContain('the position alone is compared')
  })

  test('one whose peers read what they have read before', async () => {
    const make = () => {
      const store = storeWith({})
      let known: StoredSession | null = null
      return { ...store, other: { ...store, read: async () => (known ??= await store.read()) } }
    }
    expect(await failing(make)).toEqual([
      'a record comes back as it was written',
      'two handles see each other at once',
    ])
  })

  test('one that forgets why a session ended', async () => {
    const copy = <T>(value: T): T => {
      const { reason: _, ...rest } = (value ?? {}) as { reason?: string }
      return (value && structuredClone(rest)) as T
    }
    expect(await failing(() => storeWith({ copy }))).toEqual([
      'after a logout a late refresh does not bring the session back',
    ])
  })
})
