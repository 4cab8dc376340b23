import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { directPages, logIn, reaches, renew, snapshot } from './tabs.ts'

const storageWarnings = (page: Page) =>
  page.evaluate(() => window.notices.filter((n) => n.type === 'warning' && n.code === 'storage').length)

const visibility = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).visibility)

describe('a connection that the platform takes away', () => {
  const pages = directPages(600_000)

  test('U41: another page that wants to upgrade the database: it is opened again, and the session is renewed', async () => {
    const context = await pages.open()
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const other = await context.newPage()
    await other.goto(`${pages.url}/elsewhere`)
    // The upgrade is given up: the database stays as it was, and whoever had it open has closed it.
    await other.evaluate(
      () =>
        new Promise((resolve) => {
          const opening = indexedDB.open('xstate-session', 2)
          opening.onupgradeneeded = () => opening.transaction?.abort()
          opening.onerror = resolve
        }),
    )
    expect(await renew(tab)).toBe('active')
    await reaches(tab, 'active', 2)
    expect(await storageWarnings(tab)).toBe(0)
  })

  test('U41: a connection that was closed without a word is opened again', async () => {
    const context = await pages.open(rememberConnections)
    const [tab, other] = await pages.tabs(context, 2)
    if (!tab || !other) return
    await tab.evaluate(() => {
      for (const connection of window.connections) connection.close()
    })
    expect(await renew(tab)).toBe('active')
    // It was written, too: the other tab learns of it from there.
    await reaches(other, 'active', 2)
  })

  test('U41: transactions that never end: told, nothing is sent unwritten, and the session goes on when they end again', async () => {
    const context = await pages.open(prepareHang)
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const before = pages.sends()
    await tab.evaluate(() => {
      const { get } = IDBObjectStore.prototype
      Object.assign(window, { heal: () => Object.assign(IDBObjectStore.prototype, { get }) })
      // The transaction is kept open by requests of its own, and tells nobody.
      IDBObjectStore.prototype.get = function (row) {
        const spin = () => {
          get.call(this, row).onsuccess = spin
        }
        spin()
        return new EventTarget() as IDBRequest
      }
    })
    void tab.evaluate(() => void window.session.refresh().catch(() => {}))
    await reaches(tab, 'retrying')
    expect(pages.sends(before)).toBe(0)
    await expect.poll(() => storageWarnings(tab)).toBe(1)
    await tab.evaluate(() => window.heal())
    await expect.poll(() => renew(tab)).toBe('active')
    expect((await snapshot(tab)).version).toBe(2)
  })

  test('U41: a database that could not be opened at first is used as soon as it can be', async () => {
    const context = await pages.open(() => {
      if (performance.getEntriesByType('navigation').some((it) => Reflect.get(it, 'type') === 'reload'))
        return
      const { open } = IDBFactory.prototype
      Object.assign(window, { heal: () => Object.assign(IDBFactory.prototype, { open }) })
      IDBFactory.prototype.open = () => {
        throw new DOMException('Full.', 'QuotaExceededError')
      }
    })
    const tab = await pages.tab(context)
    expect(await storageWarnings(tab)).toBe(1)
    await tab.evaluate(() => window.heal())
    await logIn(tab, await pages.backend.loginOpenid('openidAdmin'))
    await tab.reload()
    await tab.waitForFunction(() => 'session' in window && !window.session.getSnapshot().isPending)
    expect((await snapshot(tab)).state).toBe('active')
  })

  test('U41: a lock that is never granted, nor refused, holds nobody up for ever', async () => {
    const context = await pages.open(() =>
      Object.defineProperty(navigator, 'locks', { value: { request: () => new Promise(() => {}) } }),
    )
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    expect(await renew(tab)).toBe('active')
  })
})

/** Runs in the page. */
function rememberConnections() {
  const connections: IDBDatabase[] = []
  const { open } = IDBFactory.prototype
  IDBFactory.prototype.open = function (...args) {
    const opening = open.apply(this, args)
    opening.addEventListener('success', () => connections.push(opening.result))
    return opening
  }
  Object.assign(window, { connections })
}

/** Runs in the page. `hang`: from then on every transaction stays open, by requests of its own that tell nobody. */
function prepareHang() {
  const { get } = IDBObjectStore.prototype
  function hang() {
    IDBObjectStore.prototype.get = function (row) {
      const spin = () => {
        get.call(this, row).onsuccess = spin
      }
      spin()
      return new EventTarget() as IDBRequest
    }
  }
  Object.assign(window, { hang, heal: () => Object.assign(IDBObjectStore.prototype, { get }) })
}

declare global {
  interface Window {
    hang(): void
    heal(): void
    readonly connections: IDBDatabase[]
  }
}

describe('a page from the back-forward cache', () => {
  const pages = directPages(600_000, { isWhole: true })

  test.each(['closed', 'hanging'])('U41: whose storage is %s by then becomes visible again', async (how) => {
    const context = await pages.open(() => {
      // Another tab's message would take the page out of the cache.
      Object.defineProperty(window, 'BroadcastChannel', { value: undefined })
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }))
    })
    await context.addInitScript(rememberConnections)
    await context.addInitScript(prepareHang)
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    await tab.evaluate((way) => {
      addEventListener('pagehide', () => {
        if (way === 'closed') for (const connection of window.connections) connection.close()
        else window.hang()
      })
    }, how)
    await tab.goto(`${pages.url.replace('localhost', '127.0.0.1')}/elsewhere`)
    await tab.goBack({ waitUntil: 'commit' })
    await expect.poll(() => tab.evaluate(() => Reflect.get(window, 'persisted'))).toBe(true)
    await expect.poll(() => visibility(tab)).toBe('visible')
    expect((await snapshot(tab)).state).toBe('active')
  })
})

describe('a page over plain http, under a name of the local network', () => {
  const pages = directPages(600_000, { host: 'panel.test' })

  test.each(['shared', 'memory'] as const)(
    'U44: with the vault "%s" it has a session in memory, and says once what it lacks',
    async (vault) => {
      const context = await pages.open()
      const tab = await pages.tab(context, vault)
      expect(await tab.evaluate(() => isSecureContext)).toBe(false)
      await logIn(tab, await pages.backend.loginOpenid('openidAdmin'))
      expect(await renew(tab)).toBe('active')
      await reaches(tab, 'active', 2)
      expect(await tab.evaluate(async () => (await window.session.fetch('/api/admin/users')).status)).toBe(
        200,
      )
      expect(await storageWarnings(tab)).toBe(vault === 'shared' ? 1 : 0)
      // A logout reaches the other tabs all the same.
      const other = await pages.tab(context, vault)
      await logIn(other, await pages.backend.loginOpenid('openidAdmin'))
      await tab.evaluate(() => window.session.logout())
      await reaches(other, 'loggedOut')
    },
  )
})
