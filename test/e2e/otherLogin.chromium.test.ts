import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { panelFor, shows } from './panel.ts'

const app = panelFor({ sessionMs: 600_000 })
const users = 'Tom Twofactor'

/** Who the page says is logged in. */
const shownAs = (page: Page, name: string) =>
  expect.poll(() => page.locator('strong').first().textContent()).toBe(name)

const click = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name }).first().dispatchEvent('click')

/** A page of Ada that hears nothing from other tabs, and a second window of the same browser, where Olga logs in. */
async function twoLogins() {
  const context = await app.open()
  const page = await context.newPage()
  await page.addInitScript(() => Reflect.deleteProperty(window, 'BroadcastChannel'))
  await page.goto(`${app.panel.url}/users`)
  await app.login(page)
  await shows(page, users)
  await shownAs(page, 'Ada Local')
  // What wakes a page makes it look: a page in a window beside the other one is not woken.
  await page.evaluate(() => {
    const still = (event: Event) => event.stopImmediatePropagation()
    for (const target of [window, document])
      for (const type of ['focus', 'visibilitychange', 'storage']) target.addEventListener(type, still, true)
  })
  const second = await app.tab(context, '/users')
  await shownAs(second, 'Ada Local')
  await second.getByRole('button', { name: 'Sign out' }).click()
  await shows(second, 'You have signed out.')
  await second.getByRole('button', { name: 'Sign in with OpenID' }).click()
  await second.getByText(/olga/i).first().click()
  await shownAs(second, 'Olga Openid')
  await shows(second, users)
  return { context, page, second }
}

describe('a page whose browser belongs to another login by now', () => {
  test('U3: executes nothing as the other user, and shows who is there', async () => {
    const { page } = await twoLogins()
    await shownAs(page, 'Ada Local')
    const from = app.backend.log.requests.length
    await click(page, /Fire 50/)
    await shownAs(page, 'Olga Openid')
    // What the page asks for as Olga is asked once it shows her: the fifty calls were Ada's.
    const executed = app.backend.log.requests.slice(from).filter(({ path }) => path === '/api/admin/users')
    expect(executed.length).toBeLessThan(5)
  })

  test('U3: a logout that is clicked there ends nobody else’s session', async () => {
    const { page, second } = await twoLogins()
    await click(page, 'Sign out')
    await second.reload()
    await shownAs(second, 'Olga Openid')
    await shows(second, users)
  })
})

describe('another website', () => {
  /** A website of somebody else, that sends whoever visits it on. */
  async function website(html: string): Promise<string> {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html').end(html)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  /** The code of a login of Olga at the backend, which nobody has taken to the panel yet. */
  async function foreignCode(): Promise<string> {
    const context = await app.browser.newContext()
    let url = `${app.backend.url}/api/admin/oauth/openid`
    for (let hops = 0; !url.startsWith(app.panel.url); hops++) {
      const answer = await context.request.get(url, { maxRedirects: 0 })
      const [, choice] = /href="([^"]*)"[^>]*>[^<]*olga/i.exec(await answer.text()) ?? []
      url = new URL(answer.headers().location ?? choice ?? '', url).href
      expect(hops).toBeLessThan(12)
    }
    await context.close()
    return new URL(url).searchParams.get('code') as string
  }

  const starts = {
    'a form': `<form method="post" action="URL/session/login/start"></form>`,
    'a form that says it is JSON': `<form method="post" enctype="text/plain" action="URL/session/login/start"><input name='{"purpose":"switchUser","x":"' value='"}'></form>`,
  }
  const GO = '<script>document.forms[0].submit()</script>'

  test.each(['logged in', 'logged out'])('U1: makes nobody somebody else who is %s', async (state) => {
    const code = await foreignCode()
    const context = await app.open()
    const page = await app.tab(context, '/users')
    if (state === 'logged in') {
      await app.login(page)
      await shows(page, users)
    }
    const visits = [
      await website(`<script>location = '${app.panel.url}/session/login/start'</script>`),
      ...(await Promise.all(
        Object.values(starts).map((form) => website(form.replace('URL', app.panel.url) + GO)),
      )),
      await website(`<script>location = '${app.panel.url}/auth/openid/callback?code=${code}'</script>`),
    ]
    for (const visit of visits) {
      await page.goto(visit)
      await page.waitForURL((url) => !url.href.startsWith(visit))
    }
    await page.goto(`${app.panel.url}/users`)
    if (state === 'logged in') {
      await shownAs(page, 'Ada Local')
      await shows(page, users)
    } else await shows(page, 'Sign in with OpenID')
    expect(await page.locator('strong').getByText('Olga Openid').count()).toBe(0)
  })
})
