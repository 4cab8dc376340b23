// @vitest-environment jsdom
import { expect, test } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import { channels, locks } from '../browser/platform.ts'
import { error, outcomeOf, SECOND } from '../session/fixture.ts'
import { type Behind, behind, bob, json, loginOf } from './fixture.ts'

const toBob = { email: 'bob', password: 'secret' }

/** From now on the answers to `name` wait; the returned function lets the oldest of them go. */
function hold({ server, facts }: Behind, name: string) {
  const held: (() => void)[] = []
  server.next = { user: bob, login: loginOf('B'), epoch: 6, version: 1 }
  server.failing = ({ url }) =>
    url.endsWith(name)
      ? new Promise((resolve) =>
          held.push(() => resolve(json(200, name === '/login' ? facts(server.next) : {}))),
        )
      : undefined
  return () => held.shift()?.()
}

test('U88: a login waits for the answer to the logout before it, which deletes a cookie, and no longer than 5 s', async () => {
  const page = behind()
  await page.found()
  const release = hold(page, '/logout')
  void page.session.logout()
  const login = outcomeOf(page.session.login(toBob))
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/logout'])
  release()
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/logout', 'POST /session/login'])
  expect([login.error, page.snapshot().user]).toEqual([undefined, bob])

  void page.session.logout()
  void page.session.login(toBob)
  await page.settle()
  await page.pass(4.9 * SECOND)
  expect(page.paths()).toHaveLength(3)
  await page.pass(0.1 * SECOND)
  expect(page.paths().at(-1)).toBe('POST /session/login')
})

test('U88: so it does for a refresh of the earlier login', async () => {
  const page = behind()
  await page.found()
  const release = hold(page, '/refresh')
  void page.session.refresh().catch(() => {})
  const login = page.session.login(toBob)
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/refresh'])
  release()
  await login
  expect(page.snapshot().user).toEqual(bob)
})

test('U88: of two logins the second waits for the first, and for its end', async () => {
  const page = behind()
  page.server.session = null
  await page.found()
  const release = hold(page, '/login')
  const [first, second] = [page.session.login(toBob), page.session.login(toBob)].map(outcomeOf)
  await page.settle()
  // The first was given up before it was sent.
  expect(first?.error).toMatchObject(error('session_changed'))
  const third = outcomeOf(page.session.login(toBob))
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/login'])
  release()
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/login', 'POST /session/logout', 'POST /session/login'])
  release()
  await page.settle()
  expect(second?.error).toMatchObject(error('session_changed'))
  expect([third?.error, page.snapshot().user]).toEqual([undefined, bob])
})

test('U88: a logout that is tried again lets a login go first', async () => {
  const page = behind()
  await page.found()
  page.server.failing = () => new Response(null, { status: 502 })
  void page.session.logout()
  await page.settle()
  const release = hold(page, '/login')
  void page.session.login(toBob)
  await page.pass(3 * SECOND)
  expect(page.paths()).toEqual(['POST /session/logout', 'POST /session/login'])
  page.server.session = page.server.next ?? null
  release()
  await page.settle()
  expect(page.paths()[2]).toBe('POST /session/logout')
  expect(page.snapshot().user).toEqual(bob)
})

test('U88: a login waits for the logout of another tab', async () => {
  channels()
  locks()
  localStorage.clear()
  const page = behind({ page: browserPage() })
  const other = createBffSession({
    baseUrl: 'https://chat.example/',
    fetch: page.api.fetch,
    clock: page.clock,
    page: browserPage(),
  })
  await page.found()
  const release = hold(page, '/logout')
  void other.logout()
  await page.settle()
  const login = page.session.login(toBob)
  await page.settle()
  expect(page.paths()).toEqual(['POST /session/logout'])
  release()
  await login
  expect(page.snapshot().user).toEqual(bob)
  other.dispose()
})
