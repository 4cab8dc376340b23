import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { RefreshOutcome, SessionRecord, StoredSession } from 'xstate-session'
import { sessionStoreConformance } from 'xstate-session/testing'
import type { Database } from '../../src/browser/database.ts'
import { sharedVault } from '../../src/browser/sharedVault.ts'
import { fakeDatabase } from '../coordination/fakeDatabase.ts'
import { flight, knowing, renewed } from '../coordination/flights.ts'
import { fakeClock } from '../fakeClock.ts'

/** What a storage does otherwise, by its name. */
const odd = vi.hoisted(() => new Map<string, object>())

vi.mock('../../src/browser/database.ts', async () => {
  const { fakeDatabase } = await import('../coordination/fakeDatabase.ts')
  return {
    createDatabase: (name: string) => Object.setPrototypeOf(odd.get(name) ?? {}, fakeDatabase(name)),
  }
})

let vaults = 0

/** Tabs of one browser over one storage. `disk`: what the storage does otherwise; it may change later. */
function browser(disk: Partial<Database> = {}) {
  const clock = fakeClock()
  const name = `shared ${++vaults}`
  odd.set(name, disk)
  onTestFinished(() => void odd.delete(name))
  const written: string[] = []
  /** Whether each task still holds the lock. */
  const held: boolean[] = []
  const open = (tab: string) =>
    sharedVault({
      name,
      clock,
      random: () => 0,
      async lock(task) {
        const at = held.push(true) - 1
        try {
          return await task()
        } finally {
          held[at] = false
        }
      },
      onWritten: () => written.push(tab),
      onUnavailable: () => {},
    })
  const raw = fakeDatabase(name)
  return {
    clock,
    written,
    held,
    open,
    rows: () => raw.read(['session', 'send']),
    put: (rows: Record<string, unknown>) =>
      raw.change(Object.keys(rows), () => ({ write: rows, answer: undefined })),
  }
}

const record = (version: number, more: Partial<SessionRecord> = {}): SessionRecord => ({
  v: 1,
  epoch: 1,
  version,
  provider: 'openid',
  user: { id: 'ada' },
  bearer: `B${version}`,
  refreshToken: `R${version}`,
  startedAt: 0,
  ...more,
})

const tick = async () => {
  for (let n = 0; n < 20; n++) await Promise.resolve()
}

/** A refresh of the token `R<version>`; `answer` is what the backend says. */
const refresh = (version: number, sends: string[] = [], answer: RefreshOutcome = renewed) =>
  flight(answer, sends, { identity: { provider: 'openid', userId: 'ada', refreshToken: `R${version}` } })

describe('the store of tabs that share a vault', () => {
  const cases = sessionStoreConformance({
    async create() {
      const { open } = browser()
      return { store: open('one').store, other: open('two').store }
    },
  })
  for (const { name, run } of cases) test(name, run)

  test('each write is told to the other tabs, and no attempt that wrote nothing', async () => {
    const { open, written } = browser()
    const { store } = open('one')
    expect(await store.compareAndSet(null, record(1))).toBe(true)
    expect(await store.compareAndSet(null, record(1))).toBe(false)
    expect(await store.compareAndSet({ epoch: 1, version: 2 }, record(3))).toBe(false)
    expect(written).toEqual(['one'])
  })

  test('a record of a newer version of the package is neither read nor written over', async () => {
    const { open, put, rows } = browser()
    const newer = { v: 2, epoch: 1, version: 1 }
    await put({ session: newer })
    const { store } = open('one')
    expect(await store.read()).toBeNull()
    expect(await store.compareAndSet(null, record(1))).toBe(false)
    expect(await rows()).toEqual([newer, undefined])
  })

  test('a record that cannot be unsealed is deleted, and not one that another tab wrote meanwhile', async () => {
    const disk: Partial<Database> = {}
    const { open, rows } = browser(disk)
    const { store } = open('one')
    await store.compareAndSet(null, record(1))
    disk.unseal = async () => {
      delete disk.unseal
      await open('two').store.compareAndSet({ epoch: 1, version: 1 }, record(2))
      return undefined
    }
    expect(await store.read()).toBeNull()
    expect(await store.read()).toMatchObject({ version: 2 })
    disk.unseal = async () => undefined
    expect(await store.read()).toBeNull()
    expect(await rows()).toEqual([undefined, undefined])
  })
})

describe('a send of tabs that share a vault', () => {
  async function shared(disk?: Partial<Database>) {
    const world = browser(disk)
    const [one, two] = [world.open('one'), world.open('two')]
    await one.store.compareAndSet(null, record(1))
    await two.store.read()
    return { ...world, one, two }
  }

  test('is written down before the token leaves, for every tab to read', async () => {
    const { one, two, clock } = await shared()
    const sends: string[] = []
    let seen: StoredSession | null = null
    const asked = { ...refresh(1, sends), ask: knowing(0) }
    await one.coordinator.run({
      ...asked,
      async send() {
        seen = await two.store.read()
        return renewed
      },
    })
    expect(seen).toMatchObject({ version: 1, doubt: { sends: 1, sentAt: clock.wall() } })
  })

  test('whose renewal is stored leaves nothing behind', async () => {
    const { one, two, rows } = await shared()
    await one.coordinator.run(refresh(1))
    expect((await rows())[1]).toBeDefined()
    await one.store.compareAndSet({ epoch: 1, version: 1 }, record(2))
    expect((await rows())[1]).toBeUndefined()
    expect(await two.store.read()).toEqual(record(2))
  })

  test('without an answer stays in doubt, in the record of its version alone', async () => {
    const { one, two, rows } = await shared()
    const lost: RefreshOutcome = { kind: 'unknown', cause: 'timeout', answered: false }
    expect(await one.coordinator.run(refresh(1, [], lost))).toMatchObject({ kind: 'unknown' })
    expect(await two.store.read()).toMatchObject({ ...record(1), doubt: { sends: 1 } })
    const sends: string[] = []
    expect(await two.coordinator.run(refresh(1, sends))).toMatchObject({ kind: 'unknown' })
    expect(sends).toEqual([])
    const { doubt } = (await one.store.read()) as SessionRecord
    const { openUntil: _, ...row } = (await rows())[1] as Record<string, unknown>
    expect(row).toMatchObject({ ...doubt, epoch: 1, version: 1 })
    await one.store.compareAndSet({ epoch: 1, version: 1 }, { v: 1, epoch: 1, version: 2, ended: true })
    expect(await two.store.read()).toEqual({ v: 1, epoch: 1, version: 2, ended: true })
  })

  test('of a token that is not the stored one goes nowhere: the tab reads the store first', async () => {
    const { one, two } = await shared()
    await one.store.compareAndSet({ epoch: 1, version: 1 }, record(2))
    const sends: string[] = []
    expect(await two.coordinator.run(refresh(1, sends))).toEqual({
      kind: 'refused',
      cause: 'unavailable',
      retryAfterMs: 0,
    })
    expect(sends).toEqual([])
  })

  test('while another tab has one under way goes nowhere', async () => {
    const { one, two } = await shared()
    let land = (_: RefreshOutcome) => {}
    const landed = new Promise<RefreshOutcome>((resolve) => {
      land = resolve
    })
    const first = one.coordinator.run({ ...refresh(1), send: () => landed })
    await tick()
    const sends: string[] = []
    expect(await two.coordinator.run(refresh(1, sends))).toEqual({
      kind: 'refused',
      cause: 'unavailable',
      retryAfterMs: 1_000,
    })
    expect(sends).toEqual([])
    land(renewed)
    expect(await first).toMatchObject({ kind: 'ok' })
  })

  test('holds the lock until its renewal is stored, for five seconds at most', async () => {
    const { one, held, clock } = await shared()
    await one.coordinator.run(refresh(1))
    expect(held).toEqual([true])
    await one.store.compareAndSet({ epoch: 1, version: 1 }, record(2))
    await tick()
    expect(held).toEqual([false])
    await one.coordinator.run(refresh(2))
    clock.advance(4_999)
    await tick()
    expect(held).toEqual([false, true])
    clock.advance(1)
    await tick()
    expect(held).toEqual([false, false])
    expect(clock.pending()).toEqual([])
  })

  test('that failed releases the lock at once', async () => {
    const { one, held, clock } = await shared()
    await one.coordinator.run(refresh(1, [], { kind: 'refused', cause: 'network' }))
    await tick()
    expect(held).toEqual([false])
    expect(clock.pending()).toEqual([])
  })

  test('of a storage that fails goes nowhere, and is due again after a second', async () => {
    const disk: Partial<Database> = {}
    const { one, held } = await shared(disk)
    disk.change = async () => {
      throw new Error('The vault could not be written.')
    }
    const sends: string[] = []
    expect(await one.coordinator.run(refresh(1, sends))).toEqual({
      kind: 'refused',
      cause: 'unavailable',
      retryAfterMs: 1_000,
    })
    expect([sends, held]).toEqual([[], [false]])
  })

  test('whose outcome cannot be written is told all the same', async () => {
    const disk: Partial<Database> = {}
    const { one, rows } = await shared(disk)
    const outcome: RefreshOutcome = { kind: 'rejected', reason: 'refreshRejected' }
    const answer = await one.coordinator.run({
      ...refresh(1),
      async send() {
        disk.change = async () => {
          throw new Error('The vault could not be written.')
        }
        return outcome
      },
    })
    expect(answer).toEqual(outcome)
    expect((await rows())[1]).toMatchObject({ sends: 1 })
  })

  test('S8: of a session that somebody has deleted goes nowhere, for it is over', async () => {
    const { one, put } = await shared()
    await put({ session: undefined })
    const sends: string[] = []
    expect(await one.coordinator.run(refresh(1, sends))).toEqual({ kind: 'ended' })
    expect(sends).toEqual([])
  })

  test('of a session that a tombstone has replaced goes nowhere', async () => {
    const { one, two } = await shared()
    await two.store.compareAndSet({ epoch: 1, version: 1 }, { v: 1, epoch: 1, version: 2, ended: true })
    const sends: string[] = []
    expect(await one.coordinator.run(refresh(1, sends))).toMatchObject({ kind: 'refused', retryAfterMs: 0 })
    expect(sends).toEqual([])
  })
})

describe('where there is no storage', () => {
  const none = { isThere: async () => false }

  test('the session lives in its tab alone, and is refreshed there', async () => {
    const { open, written, rows } = browser(none)
    const [one, two] = [open('one'), open('two')]
    expect(await one.store.compareAndSet(null, record(1))).toBe(true)
    expect(await one.store.read()).toEqual(record(1))
    expect(await two.store.read()).toBeNull()
    const sends: string[] = []
    expect(await one.coordinator.run(refresh(1, sends))).toMatchObject({ kind: 'ok' })
    expect([sends, written, await rows()]).toEqual([['R1'], [], [undefined, undefined]])
  })

  test('a session that began there stays there, also when there is storage again', async () => {
    const disk: Partial<Database> = { ...none }
    const { open, rows } = browser(disk)
    const { store, coordinator } = open('one')
    await store.compareAndSet(null, record(1))
    disk.isThere = async () => true
    expect(await store.read()).toEqual(record(1))
    const sends: string[] = []
    await coordinator.run(refresh(1, sends))
    expect(sends).toEqual(['R1'])
    await store.compareAndSet({ epoch: 1, version: 1 }, { v: 1, epoch: 1, version: 2, ended: true })
    expect(await rows()).toEqual([undefined, undefined])
    // The next session is stored again.
    expect(await store.compareAndSet(null, record(1, { epoch: 2 }))).toBe(true)
    expect((await rows())[0]).toMatchObject({ epoch: 2, version: 1 })
  })

  test('a token that no store holds is refreshed in its tab alone', async () => {
    const { open } = browser()
    const sends: string[] = []
    expect(await open('one').coordinator.run(refresh(1, sends))).toMatchObject({ kind: 'ok' })
    expect(sends).toEqual(['R1'])
  })
})
