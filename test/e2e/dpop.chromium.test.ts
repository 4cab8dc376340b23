import type { Browser, BrowserContext, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../examples/demo/freePort.ts'
import { type OauthEmbed, startOauthEmbed } from '../../examples/embed/startEmbed.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { shows } from './panel.ts'

let browser: Browser
let embed: OauthEmbed
let url: string
beforeAll(async () => {
  browser = await launchChromium()
  url = `http://localhost:${await freePort(0)}`
  embed = await startOauthEmbed(url, { isBound: true })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await embed.stop()
})

/** A browser, and its calls of the API. */
async function open(
  before = async (_: BrowserContext) => {},
): Promise<{ context: BrowserContext; page: Page; calls: Request[] }> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  await before(context)
  const calls: Request[] = []
  context.on('request', (request) => {
    if (request.url().endsWith('/api/orders')) calls.push(request)
  })
  const page = await context.newPage()
  await page.goto(url)
  return { context, page, calls }
}

async function signIn(page: Page) {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'ada' }).click()
  await shows(page, 'An order of ada')
}

/** What a page of the same origin does with the databases of the browser. */
const inDatabase = (page: Page, name: string, work: 'delete' | 'keys') =>
  page.evaluate(
    ([name, work]) =>
      new Promise<unknown>((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.onerror = reject
        opening.onsuccess = () => {
          const store = opening.result.transaction('vault', 'readwrite').objectStore('vault')
          const rows = store.getAllKeys()
          rows.onsuccess = () => {
            const row = rows.result.find((key) => key !== 'key') as string
            const done = (value: unknown) => {
              opening.result.close()
              resolve(value)
            }
            if (work === 'delete') store.delete(row).onsuccess = () => done(null)
            else
              store.get(row).onsuccess = ({ target }) => {
                const { keys } = (target as IDBRequest).result
                crypto.subtle.exportKey('jwk', keys.privateKey).then(done, (error) => done(String(error)))
              }
          }
        }
      }),
    [name, work] as const,
  )

test('L53, L57: a login at a real provider with nonces, proofs to the API, a reload, a second tab; a copied token is worthless', async () => {
  const { context, page, calls } = await open()
  await signIn(page)
  await page.reload()
  await shows(page, 'An order of ada')
  const second = await context.newPage()
  await second.goto(url)
  await shows(second, 'An order of ada')
  // One exchange, which the provider's nonce took a second request for.
  expect(embed.provider.counts.tokenRequests).toBe(2)
  const proofs = await Promise.all(calls.map(async (call) => (await call.allHeaders()).dpop))
  expect(new Set(proofs).size).toBe(calls.length)
  const copied = await (calls[0] as Request).allHeaders()
  for (const stolen of [
    { authorization: `${copied.authorization}` },
    { authorization: `${copied.authorization}`.replace('DPoP', 'Bearer') },
    // The proof was used.
    { authorization: `${copied.authorization}`, dpop: `${copied.dpop}` },
  ])
    expect((await fetch(`${url}/api/orders`, { headers: stolen })).status).toBe(401)
  expect(await inDatabase(page, 'xstate-session-dpop', 'keys')).toContain('InvalidAccessError')
})

test('L57: the key is gone: the session ends in all tabs without a request, and the next login works', async () => {
  const { context, page, calls } = await open()
  await signIn(page)
  const requests = embed.provider.counts.tokenRequests
  await inDatabase(page, 'xstate-session-dpop', 'delete')
  calls.length = 0
  const second = await context.newPage()
  await second.goto(url)
  await shows(second, 'Your session has ended. Please sign in again.')
  await shows(page, 'You have signed out in another tab.')
  expect(calls).toEqual([])
  expect(embed.provider.counts.tokenRequests).toBe(requests)
  await signIn(second)
})

test('L56: a browser that cannot keep a key: the login is the tab’s', async () => {
  const { page } = await open(async (context) => {
    await context.addInitScript(() => {
      const { put } = IDBObjectStore.prototype
      IDBObjectStore.prototype.put = function (value: unknown, ...key) {
        const isKey = value instanceof CryptoKey || (value as { keys?: unknown } | null)?.keys !== undefined
        if (isKey) throw new DOMException('', 'DataCloneError')
        return put.call(this, value, ...key)
      }
    })
  })
  await signIn(page)
  await page.reload()
  await shows(page, 'Please sign in.')
})
