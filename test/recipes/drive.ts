import { strict as assert } from 'node:assert'
import type { Page } from 'playwright-core'
import { launchChromium } from '../browser/launchChromium.ts'
import type { Recipe } from './recipes.ts'

interface Account {
  readonly email: string
  readonly password: string
}

export type Step = 'login' | 'reload' | 'refresh' | 'action' | 'guard' | 'hello' | 'logout'

/** Long enough for a page that is compiled while it is asked for. */
const WAIT_MS = 20_000

/** Follows a user through the panel at `url`. Rejects at the first step that fails; `done` names each that did not. */
export async function drive(
  url: string,
  account: Account,
  { beyond }: Recipe,
  done: (step: Step) => void,
): Promise<void> {
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
    if (beyond.includes('guard')) {
      await page.goto(`${url}reports`)
      assert.equal(page.url(), url, 'a stranger is turned away from /reports')
    } else await page.goto(url)
    await page.fill('#login [name=email]', account.email)
    await page.fill('#login [name=password]', account.password)
    await page.click('#login [type=submit]')
    await shown(page, '#user', account.email)
    await page.waitForSelector(`li:has-text("${account.email}")`)
    done('login')
    await page.reload()
    await shown(page, '#user', account.email)
    await page.waitForSelector(`li:has-text("${account.email}")`)
    done('reload')
    // Its time is up after half of the bearer's short life.
    const before = await page.textContent('#version')
    await page.waitForFunction((old) => document.querySelector('#version')?.textContent !== old, before)
    done('refresh')
    if (beyond.includes('action')) {
      await page.click('#count')
      await page.waitForFunction(() => / users$/.test(document.querySelector('#counted')?.textContent ?? ''))
      done('action')
    }
    if (beyond.includes('guard')) {
      await page.goto(`${url}reports`)
      await shown(page, 'h1', 'Reports')
      await page.goto(url)
      done('guard')
    }
    if (beyond.includes('hello')) {
      await page.goto(`${url}hello`)
      await shown(page, 'body', `Hello, ${account.email}.`)
      await page.goto(url)
      done('hello')
    }
    await page.click('#logout')
    await page.waitForSelector('#login')
    await page.reload()
    await page.waitForSelector('#login')
    done('logout')
    assert.deepEqual(complaints, [], 'nothing is complained of on the console')
  } finally {
    await browser.close()
  }
}

async function shown(page: Page, selector: string, text: string): Promise<void> {
  await page.waitForSelector(`${selector}:has-text("${text}")`)
}
