import { expect, test } from 'vitest'
import type { StoredSession } from 'xstate-session'
import { memoryServerStore } from 'xstate-session/server'
import { blank } from '../../machines/session.ledger.ts'
import { createEntries } from '../../src/server/entries.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import { readServerRecord } from '../../src/server/serverRecord.ts'
import { PANEL, SECRET } from './world.ts'

const KEY = 'key'

/** What two servers have of one session that is logged in. */
async function twoServers() {
  const store = memoryServerStore()
  const keyring = createKeyring([SECRET])
  const options = { logins: {}, publicUrl: PANEL, secrets: [SECRET], store }
  const [one, two] = [
    createEntries(readServerOptions(options), keyring),
    createEntries(readServerOptions(options), keyring),
  ]
  const now = Date.now()
  await one.write(
    {
      v: 1,
      key: KEY,
      login: 'login',
      via: ['librechat', ''],
      session: at(1),
      activeAt: now,
      verifiedAt: now,
    },
    null,
  )
  return { one: one.sessionStore(KEY, undefined), two: two.sessionStore(KEY, undefined), entries: two }
}

const at = (version: number): StoredSession => ({
  v: 1,
  epoch: 1,
  version,
  provider: 'openid',
  user: { id: 'ada' },
  startedAt: Date.now(),
  refreshToken: `R${version}`,
})

test('I3: a server that holds an older version writes nothing over the newer one', async () => {
  const { one, two } = await twoServers()
  expect(await one.compareAndSet(at(1), at(2))).toBe(true)
  expect(await two.compareAndSet(at(1), { ...at(2), refreshToken: 'late' })).toBe(false)
  expect(await two.read()).toMatchObject({ version: 2, refreshToken: 'R2' })
})

test('I6: nor over a logout; and a session that is not there is not made', async () => {
  const { one, two } = await twoServers()
  expect(await two.compareAndSet(at(1), { v: 1, epoch: 1, version: 2, ended: true, reason: 'user' })).toBe(
    true,
  )
  expect(await one.compareAndSet(at(1), at(2))).toBe(false)
  expect(await one.read()).toMatchObject({ ended: true })
  expect(await one.compareAndSet(null, at(3))).toBe(false)
})

test('U36: a session finds the row of its sends in its record, and writes no second one', async () => {
  const { one, two, entries } = await twoServers()
  const row = { ...blank(5), sends: 2, answers: 1, answeredSince: 7 }
  await entries.update(KEY, (record) => ({ ...record, intent: { ...row, owner: 'somebody' } }))
  expect(await one.read()).toEqual({
    ...at(1),
    // A session of a server is named by its key.
    sessionId: KEY,
    startedAt: expect.any(Number),
    doubt: expect.objectContaining(row),
  })
  expect(await two.compareAndSet(at(1), { ...at(1), doubt: { ...row, sends: 9 } } as StoredSession)).toBe(
    true,
  )
  const stored = await entries.read(KEY)
  expect(stored?.record.session).not.toHaveProperty('doubt')
  expect(stored?.record.intent).toMatchObject(row)
})

test.each([
  ['a text', 'row'],
  ['an empty row', {}],
  ['sends that are none', { ...blank(5), sends: 'two' }],
])('U36: %s in its place is a send of which nobody knows, and the session lives', async (_, intent) => {
  const { one, entries } = await twoServers()
  await entries.update(KEY, (record) => ({ ...record, intent: intent as never }))
  expect(await one.read()).toMatchObject({ refreshToken: 'R1', doubt: { sends: 1, answers: 0 } })
})

test('P14: a record that did not change is read again, and opened once; one that did is opened again', async () => {
  const keyring = createKeyring([SECRET])
  let opened = 0
  const now = Date.now()
  const counting = {
    ...keyring,
    unseal(text: string, context: string) {
      opened++
      return keyring.unseal(text, context)
    },
  }
  const options = { logins: {}, publicUrl: PANEL, secrets: [SECRET], store: memoryServerStore() }
  const entries = createEntries(readServerOptions(options), counting)
  const record = {
    v: 1,
    key: KEY,
    login: 'login',
    via: ['librechat', ''],
    activeAt: now,
    verifiedAt: now,
  } as const
  const first = await entries.write({ ...record, session: at(1) }, null)
  for (let n = 0; n < 3; n++)
    expect(await entries.read(KEY)).toMatchObject({ record: { session: { version: 1 } } })
  expect(opened).toBe(1)
  const ended = { v: 1, epoch: 1, version: 1, ended: true, reason: 'user' } as const
  await entries.write({ ...record, session: ended }, first)
  expect(await entries.read(KEY)).toMatchObject({ record: { session: { ended: true } } })
  expect(opened).toBe(2)
})

test.each([
  ['{"v":2}', 'newer'],
  ['{"v":1.5}', 'newer'],
  ['{"v":1}', undefined],
  ['{"v":"2"}', undefined],
  ['{}', undefined],
  ['null', undefined],
  ['{', undefined],
])('S7: a record of %s is %s', (text, read) => {
  expect(readServerRecord(text, KEY)).toBe(read)
})

test('what is held is where a write starts, until it is released', async () => {
  const { entries } = await twoServers()
  const found = await entries.read(KEY)
  if (!found) throw new Error('it is there')
  const later = found.record.activeAt + 7
  await entries.update(KEY, (record) => ({ ...record, activeAt: later }))
  const seen: number[] = []
  const look = () =>
    entries.update(KEY, (record) => {
      seen.push(record.activeAt)
      return undefined
    })
  entries.hold(KEY, found)
  await look()
  entries.release(KEY)
  await look()
  expect(seen).toEqual([found.record.activeAt, later, later])
})
