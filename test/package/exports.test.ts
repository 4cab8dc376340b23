import { expect, test } from 'vitest'
import { specifierOf, subpaths } from './manifest.ts'

/** Who removes or renames one of these breaks somebody's import. */
const offered = async (subpath: string) => Object.keys((await import(specifierOf(subpath))) as object).sort()

test('the root', async () => {
  expect(await offered('.')).toMatchInlineSnapshot(`
    [
      "Disposed",
      "InvalidAnswer",
      "LoggedOut",
      "Misconfigured",
      "RedirectBlocked",
      "RefreshUnavailable",
      "SessionChanged",
      "SessionError",
      "SessionExpired",
      "cookieStrategy",
      "createSession",
      "createSessionLogic",
      "inProcessCoordinator",
      "memoryStore",
      "openidStrategy",
      "refreshTokenFromCookies",
      "sessionOf",
      "systemClock",
    ]
  `)
})

test('./machine', async () => {
  expect(await offered('./machine')).toMatchInlineSnapshot(`
    [
      "clampDelay",
      "deadlinesOf",
      "nextDeadline",
      "selectSession",
      "sessionMachine",
    ]
  `)
})

test('./oauth', async () => {
  expect(await offered('./oauth')).toMatchInlineSnapshot(`
    [
      "oauthProfiles",
      "oauthStrategy",
    ]
  `)
})

test('./msw', async () => {
  expect(await offered('./msw')).toMatchInlineSnapshot(`
    [
      "createMockBackend",
    ]
  `)
})

test('./redis', async () => {
  expect(await offered('./redis')).toContain('redisEntries')
})

test('./sqlite', async () => {
  expect(await offered('./sqlite')).toMatchInlineSnapshot(`
    [
      "sqliteEntries",
    ]
  `)
})

test('./testing', async () => {
  expect(await offered('./testing')).toContain('entryStoreConformance')
})

test('these are all', () => {
  expect(subpaths).toEqual([
    '.',
    './machine',
    './msw',
    './oauth',
    './redis',
    './sqlite',
    './testing',
    './server',
  ])
})
