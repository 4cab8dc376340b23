import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { sessionMachine } from 'xstate-session/machine'
import { replayTrace } from 'xstate-session/testing'
import { panelFor, reaches, reachesWithin, shows } from './panel.ts'
import { violationsOf } from './violationsOf.ts'

const app = panelFor({ sessionMs: 60_000 })

/** What the chart says of its transitions. */
function descriptions(): string[] {
  const { root } = sessionMachine
  const all = [root, ...Object.values(root.states)].flatMap((node) => [
    ...node.transitions.values(),
    node.always ?? [],
  ])
  return all.flat().flatMap(({ description }) => description ?? [])
}

const users = 'Tom Twofactor'

async function signedIn(path = '/users') {
  const context = await app.open()
  const page = await app.tab(context, path)
  await app.login(page)
  await shows(page, users)
  return { context, page }
}

test('the traces of page and server say how the session came to where it is, and hold nothing of anybody', async () => {
  const { page } = await signedIn()
  const texts: string[] = []
  const save = async (role: 'button' | 'link', name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole(role, { name, exact: true }).click(),
    ])
    const text = await readFile(await download.path(), 'utf8')
    texts.push(text)
    return replayTrace(JSON.parse(text))
  }
  const here = await save('button', 'Save the trace of this page')
  expect(here.divergence).toBeUndefined()
  expect(here.end?.state).toBe('active')
  const there = await save('link', 'Trace of the server')
  expect(there.divergence).toBeUndefined()
  expect(there.steps.map(({ entry }) => ('notice' in entry ? entry.notice.type : ''))).toContain('login')
  for (const secret of ['local.example', users, 'Ada', ...app.issued])
    for (const text of texts) expect(text).not.toContain(secret)
})

describe('login', () => {
  test('with a password; a reload keeps the session and asks nobody who is logged in', async () => {
    const { page } = await signedIn()
    await reaches(page, 'active')
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.reload()
    await shows(page, users)
    await reaches(page, 'active')
    expect(asked.filter((path) => path.startsWith('/session'))).toEqual([])
  })

  test('with OpenID, through the provider and back to the deep link, query and hash kept', async () => {
    const context = await app.open()
    const page = await app.tab(context, '/settings?tab=2#theme')
    await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
    await page.getByText(/olga/i).first().click()
    await page.waitForURL('**/settings?tab=2#theme')
    await shows(page, 'registration')
    await shows(page, 'Olga Openid')
  })

  test('with a password, to the deep link, query and hash kept', async () => {
    const context = await app.open()
    const page = await app.tab(context, '/settings?tab=2#theme')
    await app.login(page)
    await page.waitForURL('**/settings?tab=2#theme')
    await shows(page, 'registration')
  })

  test.each(['https://elsewhere.example/', '//elsewhere.example/', '/.//elsewhere.example/'])(
    'a link that names %s as the way back leads to the users',
    async (elsewhere) => {
      const page = await app.tab(await app.open(), `/login?returnTo=${encodeURIComponent(elsewhere)}`)
      await app.login(page)
      await shows(page, users)
      expect(page.url()).toBe(`${app.panel.url}/users`)
    },
  )

  test('with a second factor', async () => {
    const context = await app.open()
    const page = await app.tab(context)
    await app.login(page, 'tom@local.example')
    await page.getByLabel(/authenticator/).fill('000000')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await shows(page, 'The code is wrong.')
    await page.getByLabel(/authenticator/).fill('123456')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await shows(page, users)
  })

  test('a wrong password and an account without rights get nowhere', async () => {
    const context = await app.open()
    const page = await app.tab(context)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await shows(page, 'The e-mail address or the password is wrong.')
    await page.getByLabel('Password').fill('demo-password')
    await app.login(page, 'uma@local.example')
    await shows(page, /not an administrator|wrong/)
  })
})

describe('logout', () => {
  test('ends the session; back does not bring its pages back', async () => {
    const { page } = await signedIn()
    await page.getByRole('link', { name: 'Settings' }).click()
    await shows(page, 'registration')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(page, 'You have signed out.')
    await page.goBack()
    await shows(page, 'Sign in with OpenID')
    expect(await page.getByText(users).count()).toBe(0)
  })

  test('in one tab ends the session of the other', async () => {
    const { context, page } = await signedIn()
    const other = await app.tab(context, '/users')
    await shows(other, users)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(page, 'You have signed out.')
    await shows(other, 'Sign in with OpenID')
  })
})

describe('renewal', () => {
  test.each([2, 5])('%d tabs that find the bearer ended at once cost one refresh', async (count) => {
    const { context, page } = await signedIn()
    const tabs = [page]
    while (tabs.length < count) tabs.push(await app.tab(context, '/users'))
    for (const tab of tabs) await shows(tab, users)
    const before = app.refreshes()
    app.backend.operator.invalidateBearers()
    await Promise.all(tabs.map((tab) => tab.getByRole('button', { name: /Fire 50/ }).click()))
    for (const tab of tabs) await shows(tab, /50 × 200/)
    expect(app.refreshes() - before).toBe(1)
  })

  test('a provider that is down logs nobody out; when it is back, the session is', async () => {
    const { page } = await signedIn()
    await page.getByRole('button', { name: 'Break the provider' }).click()
    await shows(page, 'The provider is down')
    await page.getByRole('button', { name: 'End the bearer' }).click()
    await page.getByRole('button', { name: /Fire 50/ }).click()
    // The page finds out by itself, when its bearer is due: ten to twenty seconds before the end of its minute.
    await reachesWithin(60_000, page, 'retrying', 'refreshing')
    await page.getByRole('button', { name: 'Mend the provider' }).click()
    // The server's doubt and the page's own backoff add up; the longest backoff is a minute.
    await reachesWithin(100_000, page, 'active')
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 200/)
  }, 180_000)

  test('U60: a restart of the backend, told by the gateway in front of it, logs nobody out', async () => {
    const { page } = await signedIn()
    await page.getByRole('button', { name: 'Restart the backend' }).click()
    await shows(page, 'The backend restarts…')
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 502.*Nobody is logged out/)
    await app.backend.gateway.set('open')
    await shows(page, 'Restart the backend')
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 200/)
    await reaches(page, 'active')
  })

  test('U76: why the session moved is told in the words of the chart', async () => {
    const { page } = await signedIn()
    await page.getByRole('button', { name: 'Break the provider' }).click()
    await page.getByRole('button', { name: 'End the bearer' }).click()
    await page.getByRole('button', { name: /Fire 50/ }).click()
    // The calls get no bearer: nothing says that all is well.
    await shows(page, /50 × 503.*There is no bearer at the moment/)
    await page.getByRole('button', { name: 'Mend the provider' }).click()
    const told = await page.locator('.timeline li:has(.where:text-is("page"))').allInnerTexts()
    const moves = told.filter((text) => text.includes(' → '))
    expect(moves.length).toBeGreaterThan(0)
    for (const move of moves)
      expect(
        descriptions().some((one) => move.includes(one)),
        move,
      ).toBe(true)
    expect(moves.join()).not.toContain('there is a new bearer')
  })

  test('offline and back', async () => {
    const { context, page } = await signedIn()
    await context.setOffline(true)
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × TypeError/)
    await reaches(page, 'active')
    await context.setOffline(false)
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 200/)
  })

  test('a revoked admin is told why, and gets in again when the rights are back', async () => {
    const { page } = await signedIn()
    await page.getByRole('button', { name: 'Revoke the admin' }).click()
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, 'Your access has been withdrawn')
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Give the rights back' }).click()
    await app.login(page)
    await shows(page, users)
  })

  test.each(['light', 'dark'] as const)(
    'who stepped away is warned before the bearer ends, and may stay: %s',
    async (colorScheme) => {
      const context = await app.open({ colorScheme })
      const page = await app.tab(context)
      await page.clock.install()
      await page.reload()
      await app.login(page)
      await shows(page, users)
      await page.getByRole('button', { name: 'Step away' }).click()
      await page.clock.fastForward(45_000)
      await shows(page, 'Are you still there?')
      await reaches(page, 'nearingExpiry')
      expect(await violationsOf(page)).toEqual([])
      await page.getByRole('button', { name: /I am here/ }).click()
      await reaches(page, 'active')
    },
  )
})

describe('what a browser gets', () => {
  /** Everything that passes between the pages of a browser and the panel's server, and between its tabs. */
  async function tapped() {
    const context = await app.open()
    const bytes: Promise<string>[] = []
    const isOurs = (url: string) => url.startsWith(app.panel.url)
    context.on('request', (request) => {
      if (isOurs(request.url()))
        bytes.push(
          request.allHeaders().then((head) => JSON.stringify([request.url(), head, request.postData()])),
        )
    })
    context.on('response', (answer) => {
      if (!isOurs(answer.url())) return
      const body = async () => {
        // The stream of events has no end to wait for: its messages are heard below.
        if (answer.headers()['content-type'] === 'text/event-stream') return ''
        return answer.text().catch(() => '')
      }
      bytes.push(Promise.all([answer.headersArray(), body()]).then((parts) => JSON.stringify(parts)))
    })
    const page = await app.tab(context)
    const devtools = await context.newCDPSession(page)
    await devtools.send('Network.enable')
    const streamed: string[] = []
    devtools.on('Network.eventSourceMessageReceived', ({ data }) => streamed.push(data))
    const other = await app.tab(context)
    await other.evaluate(() => {
      const heard: string[] = []
      Object.assign(window, { heard })
      new BroadcastChannel('admin-panel').onmessage = ({ data }) => heard.push(JSON.stringify(data))
    })
    await page.reload()

    async function everything(): Promise<string> {
      const kept = await page.evaluate(async () =>
        JSON.stringify([
          { ...localStorage },
          { ...sessionStorage },
          document.cookie,
          document.documentElement.outerHTML,
          history.state,
          await indexedDB.databases(),
          await caches.keys(),
        ]),
      )
      const heard = await other.evaluate(() => (window as unknown as { heard: string[] }).heard)
      const cookies = JSON.stringify(await context.cookies(app.panel.url))
      return [...(await Promise.all(bytes)), ...streamed, ...heard, kept, cookies].join('\n')
    }
    return { page, everything, streamed, heard: () => other.evaluate(() => (window as { heard?: [] }).heard) }
  }

  /** A token as it is, and as it would be in a URL, in base64 and turned around. */
  const formsOf = (token: string) => [
    token,
    encodeURIComponent(token),
    btoa(token).replace(/=+$/, ''),
    [...token].reverse().join(''),
  ]

  test.each([
    ['a password', 'Ada Local', (page: Page) => app.login(page)],
    [
      'OpenID',
      'Olga Openid',
      async (page: Page) => {
        await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
        await page.getByText(/olga/i).first().click()
      },
    ],
  ] as const)('X27: no token in any byte that reaches it, after a login with %s', async (_, name, logIn) => {
    const { page, everything, streamed, heard } = await tapped()
    const before = app.issued.size
    await logIn(page)
    await shows(page, name)
    await shows(page, users)
    app.backend.operator.invalidateBearers()
    await page.getByRole('button', { name: /Fire 50/ }).click()
    await shows(page, /50 × 200/)
    await page.getByRole('button', { name: 'Stay signed in' }).click()
    await expect.poll(heard).not.toEqual([])
    await page.getByRole('button', { name: 'Sign out' }).click()
    await shows(page, 'You have signed out.')
    const all = await everything()
    // The login and two renewals, each with its tokens; and what is searched is what there was.
    expect(app.issued.size - before).toBeGreaterThanOrEqual(3)
    for (const part of [name, 'tom@local.example', '"refreshSent"', '"hint"']) expect(all).toContain(part)
    expect(streamed.length).toBeGreaterThan(0)
    for (const token of app.issued)
      for (const form of formsOf(token)) if (all.includes(form)) expect.fail('A token has reached the page.')
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  test.each([
    ['light', 1360],
    ['dark', 1360],
    ['light', 360],
  ] as const)('accessible pages: %s, %d px wide', async (colorScheme, width) => {
    const context = await app.open({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' })
    const page = await app.tab(context)
    const check = async () => {
      // Asked to move less, it moves nothing.
      expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
      expect(await violationsOf(page)).toEqual([])
      const tooWide = await page.evaluate(() =>
        [...document.querySelectorAll('body *')]
          .filter((one) => !one.closest('.scroll, svg') && one.getBoundingClientRect().right > innerWidth)
          .map((one) => one.outerHTML.slice(0, 80)),
      )
      expect(tooWide).toEqual([])
    }
    await check()
    await app.login(page)
    await shows(page, users)
    await check()
    await page.getByRole('link', { name: 'Settings' }).click()
    await shows(page, 'registration')
    await check()
  })

  test('the keyboard is enough', async () => {
    const context = await app.open()
    const page = await app.tab(context)
    await page.getByLabel('Password').press('Enter')
    await shows(page, users)
    await page.reload()
    await shows(page, users)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Skip')
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press('Tab')
      const label = await page.evaluate(() => document.activeElement?.textContent)
      if (label === 'Sign out') break
    }
    await page.keyboard.press('Enter')
    await shows(page, 'You have signed out.')
  })
})
