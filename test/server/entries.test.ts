import { expect, test } from 'vitest'
import type { StoredSession } from 'xstate-session'
import { memoryEntries } from 'xstate-session/server'
import { createEntries } from '../../src/server/entries.ts'
import { createKeyring } from '../../src/server/keyring.ts'
import { readServerOptions } from '../../src/server/options.ts'
import { PANEL, SECRET } from './world.ts'

const KEY = 'key'

/** What two servers have of one session that is logged in. */
async function twoServers() {
  const store = memoryEntries()
  const keyring = createKeyring([SECRET])
  const options = { baseUrl: 'https://chat.example', publicUrl: PANEL, secrets: [SECRET], store }
  const [one, two] = [
    createEntries(readServerOptions(options), keyring),
    createEntries(readServerOptions(options), keyring),
  ]
  const now = Date.now()
  await one.write({ v: 1, key: KEY, login: 'login', session: at(1), activeAt: now, verifiedAt: now }, null)
  return { one: one.sessionStore(KEY, undefined), two: two.sessionStore(KEY, undefined) }
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
