import { describe, expect, test } from 'vitest'
import { LIFE, MINUTE, SECOND } from '../session/fixture.ts'
import { behind, gone, json, loginOf, other } from './fixture.ts'

/** A page whose refresh is due, and whose server answers it like this. */
async function refreshed(
  answer: () => Response | Promise<Response>,
  options: Parameters<typeof behind>[0] = {},
) {
  const page = behind(options)
  await page.found()
  page.server.failing = ({ url }) => (url.endsWith('/refresh') ? answer() : undefined)
  await page.pass(LIFE - 15 * SECOND)
  return page
}

describe('a refresh of the page that the server', () => {
  test.each([
    ['answers with a 503', 'unavailable', () => json(503, { error: 'refresh_unavailable' })],
    ['limits', 'limited', () => json(429, {})],
    ['does not answer', 'network', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['answers with a page', 'unavailable', () => new Response('<html>', { status: 200 })],
  ] as const)('%s is put off, told, and asked again', async (_, cause, answer) => {
    const { state, told, server, pass, snapshot } = await refreshed(answer)
    expect(state()).toBe('retrying')
    expect(told('refreshDeferred')).toMatchObject([{ outcome: 'refused', cause, epoch: 5, version: 1 }])
    server.failing = undefined
    for (let seconds = 0; seconds < 20; seconds++) await pass(SECOND)
    expect(snapshot()).toMatchObject({ state: 'active', version: 2 })
  })

  test('answers with the bearer that is about to end is put off', async () => {
    const page = behind()
    await page.found()
    const { clock, server, facts } = page
    server.failing = ({ url }) =>
      url.endsWith('/refresh')
        ? json(200, { ...facts(), expiresAt: clock.wall() + SECOND, serverNow: clock.wall() })
        : undefined
    await page.pass(LIFE - 15 * SECOND)
    expect(page.state()).toBe('retrying')
    expect(page.told('refreshDeferred')).toMatchObject([{ cause: 'unavailable' }])
  })

  test('answers with the same bearer, which lives on, changes its end alone', async () => {
    const page = behind()
    await page.found()
    const { clock, server, facts } = page
    server.failing = ({ url }) =>
      url.endsWith('/refresh')
        ? json(200, { ...facts(), expiresAt: clock.wall() + LIFE, serverNow: clock.wall() })
        : undefined
    await page.pass(LIFE - 15 * SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'active', version: 1 })
    expect(page.snapshot().expiresAt).toBe(clock.wall() + LIFE)
    expect(page.told('refreshDeferred')).toEqual([])
  })

  test.each([0, 1])(
    'asks to wait for a minute waits for it, and for up to a tenth more (%s)',
    async (roll) => {
      const { snapshot, clock } = await refreshed(
        () => json(503, { error: 'refresh_unavailable' }, { 'retry-after': '60' }),
        { random: () => roll },
      )
      expect(snapshot().retryAt).toBe(clock.wall() + MINUTE * (1 + roll / 10))
    },
  )

  test('ends, with its reason', async () => {
    const { snapshot } = await refreshed(() => gone('refreshRejected'))
    expect(snapshot()).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
  })

  test('ends without a reason that the page knows is a logout elsewhere', async () => {
    const { snapshot } = await refreshed(() => gone('whatever'))
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'elsewhere' })
  })

  test('ended over the back channel says so', async () => {
    const { snapshot } = await refreshed(() => gone('backChannel'))
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'backChannel' })
  })

  test('answers for another login ends this one, and the page asks whose the other is', async () => {
    const page = behind()
    await page.found()
    page.server.session = { user: { id: 'bob' }, login: loginOf('B'), epoch: 9, version: 1 }
    page.server.failing = ({ url }) => (url.endsWith('/refresh') ? other() : undefined)
    await page.pass(LIFE - 15 * SECOND)
    expect(page.snapshot()).toMatchObject({ state: 'active', user: { id: 'bob' } })
    expect(page.paths()).toEqual(['POST /session/refresh', 'GET /session'])
  })
})

test('a user who goes away is no longer at work, and one who comes back is', async () => {
  const { session, signal, api, found } = behind()
  await found()
  const works = async () => {
    api.calls.length = 0
    await session.fetch('/api/x')
    return api.calls[0]?.headers.get('x-user-activity')
  }
  await signal('userActive')
  expect(await works()).toBe('1')
  await signal('userIdle')
  expect([await works(), session.actorRef.getSnapshot().context.idle]).toEqual([null, true])
  await signal('userActive')
  expect([await works(), session.actorRef.getSnapshot().context.idle]).toEqual(['1', false])
})

test('a page that is disposed of hears nothing any more, and arms nothing', async () => {
  const page = behind()
  await page.found()
  const { session, api, clock } = page
  session.dispose()
  session.dispose()
  page.wake()
  await page.signal('networkRestored')
  await page.pass(LIFE)
  expect([api.calls.length, clock.pending()]).toEqual([0, []])
})

test('a logout is sent so that it outlives its page, and nothing else is', async () => {
  const { session, api, found, settle } = behind()
  await found()
  await session.logout()
  await settle()
  expect(api.calls.map(({ url, init }) => [new URL(url).pathname, init.keepalive])).toEqual([
    ['/session/logout', true],
  ])
  void session.login({ email: 'ada', password: 'secret' }).catch(() => {})
  await settle()
  expect(api.calls.at(-1)?.init.keepalive).toBe(false)
})
