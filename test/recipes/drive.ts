import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import type { accounts } from '../../examples/backend/accounts.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import type { Recipe } from './recipes.ts'

export type Step =
  | 'login'
  | 'reload'
  | 'refresh'
  | 'policy'
  | 'action'
  | 'guard'
  | 'deep'
  | 'hello'
  | 'logout'
  | 'openid'
  | 'openid reload'
  | 'openid logout'

export interface Drive {
  /** Where the panel is, with a slash at the end. */
  readonly url: string
  readonly accounts: typeof accounts
  readonly recipe: Recipe
  /** How many refreshes have reached the backend. */
  refreshes(): number
  /** Names each step that did not fail. */
  done(step: Step): void
}

/** Long enough for a page that is compiled while it is asked for. */
const WAIT_MS = 20_000

/**
 * Follows a user through the panel: by password to the list of users, over a reload and a renewal to the logout; then by
 * OpenID, over the provider's page and the callback. Rejects at the first step that fails.
 */
export async function drive({ url, accounts, recipe, refreshes, done }: Drive): Promise<void> {
  const { beyond, signOut = ['Sign out'] } = recipe
  const { email, password } = accounts.localAdmin
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(WAIT_MS)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // The browser itself tells of each 401: nobody is logged in yet.
      if (message.type() === 'error' && !/status of 401/.test(message.text())) complaints.push(message.text())
    })
    const submit = page.getByRole('button', { name: 'Sign in', exact: true })
    const logout = async () => {
      for (const name of signOut) {
        const button = page.getByRole('button', { name, exact: true })
        await button.or(page.getByRole('menuitem', { name, exact: true })).click()
      }
      await submit.waitFor()
      await page.reload()
      await submit.waitFor()
    }

    if (beyond.includes('guard')) {
      await page.goto(`${url}reports`)
      assert.equal(page.url(), url, 'a stranger is turned away from /reports')
    } else await page.goto(url)
    await submit.waitFor()
    await page.fill('[name=email]', email)
    await page.fill('[name=password]', password)
    await submit.click()
    await lists(page, email)
    done('login')
    await page.reload()
    await lists(page, email)
    done('reload')
    // Its time is up after half of the bearer's short life.
    await renewed(page, refreshes)
    await lists(page, email)
    done('refresh')
    if (recipe.policy) {
      const before = complaints.length
      await isStrict(page, url)
      complaints.splice(before) // it was put to the test
      done('policy')
    }
    if (beyond.includes('action')) {
      await page.click('#count')
      await page.waitForFunction(() => / users$/.test(document.querySelector('#counted')?.textContent ?? ''))
      done('action')
    }
    if (beyond.includes('guard')) {
      await page.goto(`${url}reports`)
      await page.getByRole('heading', { name: 'Reports' }).waitFor()
      await page.goto(url)
      done('guard')
    }
    if (beyond.includes('deep')) {
      await page.goto(`${url}settings`)
      await page.getByText('registration').waitFor()
      await page.goto(url)
      done('deep')
    }
    if (beyond.includes('hello')) {
      await page.goto(`${url}hello`)
      await page.getByText(`Hello, ${email}.`).waitFor()
      await page.goto(url)
      done('hello')
    }
    await logout()
    done('logout')

    await page.getByRole('button', { name: 'Sign in with OpenID' }).click()
    await page.waitForURL((address) => !address.href.startsWith(url))
    await page.getByText(accounts.openidAdmin.name).click()
    await page.waitForURL((address) => address.href.startsWith(url) && !address.pathname.startsWith('/auth/'))
    await lists(page, accounts.openidAdmin.email)
    done('openid')
    await page.reload()
    await lists(page, accounts.openidAdmin.email)
    done('openid reload')
    await logout()
    done('openid logout')
    assert.deepEqual(complaints, [], 'nothing is complained of on the console')
  } finally {
    await browser.close()
  }
}

/** The user is logged in, and what the backend has for them is on the page. */
async function lists(page: Page, email: string): Promise<void> {
  await page.locator(`:is(li, td):has-text("${email}")`).first().waitFor()
  if (await page.locator('#user').count()) await page.waitForSelector(`#user:has-text("${email}")`)
}

/** By the page's own clock, not by a call: the server refreshes, and the page hears of it. */
async function renewed(page: Page, refreshes: () => number): Promise<void> {
  const before = refreshes()
  const version = page.locator('#version')
  const shown = (await version.count()) ? await version.textContent() : undefined
  const until = performance.now() + WAIT_MS
  while (refreshes() === before) {
    assert(performance.now() < until, 'the bearer is renewed before it ends')
    await page.waitForTimeout(200)
  }
  if (shown !== undefined)
    await page.waitForFunction((old) => document.querySelector('#version')?.textContent !== old, shown)
}

/** No script runs here that the server did not name, and no style: the browser says so of one that is put in. */
async function isStrict(page: Page, url: string): Promise<void> {
  const answers = await Promise.all([fetch(url), fetch(url)])
  const [first, second] = answers.map((answer) => answer.headers.get('content-security-policy') ?? '')
  assert.match(first ?? '', /script-src[^;]*'nonce-/, 'scripts are named by a nonce')
  assert.doesNotMatch(first ?? '', /unsafe/, 'nothing unsafe is allowed')
  assert.notEqual(first, second, 'each answer has a nonce of its own')
  const ran = await page.evaluate(async () => {
    const violations: string[] = []
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      violations.push(effectiveDirective)
    })
    const script = Object.assign(document.createElement('script'), { textContent: 'window.strange = true' })
    const style = Object.assign(document.createElement('style'), { textContent: 'body { margin: 77px }' })
    document.head.append(script, style)
    await new Promise((resolve) => setTimeout(resolve, 100))
    return { violations: violations.sort(), isRun: 'strange' in window }
  })
  assert.deepEqual(ran, { violations: ['script-src-elem', 'style-src-elem'], isRun: false })
}
