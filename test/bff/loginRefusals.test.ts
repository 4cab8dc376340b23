import { describe, expect, test } from 'vitest'
import { behind, json } from './fixture.ts'

const credentials = { email: 'ada', password: 'secret' }

/** A page that nobody is logged in to, and whose server answers a login like this. */
async function loggingIn(answer: () => Response | Promise<Response>) {
  const page = behind({ facts: null })
  page.server.session = null
  page.server.failing = ({ url }) => (/\/login(\/|$)/.test(url) ? answer() : undefined)
  const told = page.session.login(credentials).catch((error: unknown) => error)
  await page.settle()
  return { ...page, told: await told }
}

describe('a login that the server', () => {
  test.each<[string, () => Response | Promise<Response>, object]>([
    [
      'refuses',
      () => json(401, { error: 'invalid_credentials' }, { 'retry-after': '60' }),
      { code: 'login_refused', reason: 'invalid_credentials', status: 401, retryAfterMs: 60_000 },
    ],
    ['refuses without a word', () => json(401, { error: 7 }), { reason: 'unavailable', status: 401 }],
    ['answers with a page', () => new Response('<html>'), { reason: 'unavailable', status: 200 }],
    ['answers with half of the facts', () => json(200, { user: { id: 'ada' } }), { reason: 'unavailable' }],
    ['does not answer', () => Promise.reject(new TypeError('Failed')), { reason: 'unavailable' }],
  ])('%s is refused, and changes nothing', async (_, answer, error) => {
    const { told, snapshot } = await loggingIn(answer)
    expect(told).toMatchObject(error)
    expect(snapshot()).toMatchObject({ state: 'loggedOut', reason: 'never' })
  })

  test('believes to be of another origin says which, to developers', async () => {
    const csrf = { error: 'csrf', expected: 'https://panel.example', came: 'http://localhost' }
    const { told } = await loggingIn(() => json(403, csrf))
    expect(String(told)).toContain('The server wants https://panel.example; what came was http://localhost.')
    const long = await loggingIn(() => json(403, { ...csrf, came: `x${'y'.repeat(400)}` }))
    expect(String(long.told)).toContain(`x${'y'.repeat(299)}.`)
    for (const poor of [
      { ...csrf, error: 'forbidden' },
      { ...csrf, expected: 7 },
      { ...csrf, came: null },
    ]) {
      const { told } = await loggingIn(() => json(403, poor))
      expect(told).toMatchObject({ reason: poor.error })
      expect(String(told)).not.toContain('The server wants')
    }
  })
})

test('a redirect to the provider that is no page is none', async () => {
  for (const location of ['javascript:alert(1)', 'blob:https://chat.example/1', 7, undefined]) {
    const gone: string[] = []
    const page = behind({ facts: null, navigate: (url) => gone.push(url) })
    page.server.failing = ({ url }) => (url.endsWith('/start') ? json(200, { location }) : undefined)
    const told = page.session.loginWithRedirect({ returnTo: '/' }).catch((error: unknown) => error)
    await page.settle()
    expect(await told).toMatchObject({ reason: 'unavailable' })
    expect(gone).toEqual([])
  }
})

test('what a second factor is asked for names the login that waits for it', async () => {
  const page = behind({ facts: null })
  const sent: unknown[] = []
  page.server.failing = ({ url, init }) => {
    if (!/\/login(\/|$)/.test(url)) return undefined
    sent.push(JSON.parse(String(init.body)))
    return json(200, { next: 'twoFactor', attempt: 'one' })
  }
  const form = new FormData()
  form.set('email', 'ada')
  const first = page.session.login(form as never)
  await page.settle()
  expect(await first).toEqual({ next: 'twoFactor' })
  const second = page.session.secondFactor({ code: '1' })
  await page.settle()
  expect(await second).toEqual({ next: 'twoFactor' })
  expect(sent).toEqual([{ email: 'ada' }, { code: '1', attempt: 'one' }])
})
