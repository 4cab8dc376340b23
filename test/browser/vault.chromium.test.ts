import { describe, expect, test } from 'vitest'
import { directPages, freeze, logIn, reaches, renew, say, snapshot } from './tabs.ts'

const pages = directPages(600_000)

describe('tabs that share a vault', () => {
  test.each([2, 5])('C10: %d tabs that renew at the same moment spend the token once', async (count) => {
    const context = await pages.open()
    const tabs = await pages.tabs(context, count)
    const before = pages.sends()
    expect(new Set(await Promise.all(tabs.map(renew)))).toEqual(new Set(['active']))
    for (const tab of tabs) await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
    expect(pages.backend.log.replays()).toEqual([])
  })

  test('a reload keeps the session and spends nothing', async () => {
    const context = await pages.open()
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const before = pages.sends()
    await tab.reload()
    await reaches(tab, 'active', 1)
    expect(await tab.evaluate(async () => (await window.session.fetch('/api/admin/users')).status)).toBe(200)
    expect(pages.sends(before)).toBe(0)
  })

  test('C11: without Web Locks the token is spent once all the same', async () => {
    const context = await pages.open(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
    const tabs = await pages.tabs(context, 3)
    const before = pages.sends()
    await Promise.all(tabs.map(renew))
    for (const tab of tabs) await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
  })

  test('C12: a frozen holder of the lock: the others hold, and send nothing', async () => {
    const context = await pages.open()
    const [holder, other] = await pages.tabs(context, 2)
    if (!holder || !other) return
    const before = pages.sends()
    const hang = pages.backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
    void holder.evaluate(() => void window.session.refresh().catch(() => {}))
    await expect.poll(() => hang.hits).toBe(1)
    const thaw = await freeze(holder)
    void other.evaluate(() => void window.session.refresh().catch(() => {}))
    await reaches(other, 'retrying')
    expect(await other.evaluate(async () => (await window.session.fetch('/api/admin/users')).status)).toBe(
      200,
    )
    hang.clear()
    await thaw()
    // It was renewed, and its answer is written down as soon as the holder runs again.
    for (const tab of [holder, other]) await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
  })

  test('C13: a lock that foreign code steals: the renewal is committed, and nobody sends twice', async () => {
    const context = await pages.open()
    const [holder, other] = await pages.tabs(context, 2)
    if (!holder || !other) return
    const before = pages.sends()
    const hang = pages.backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
    const renewing = renew(holder)
    await expect.poll(() => hang.hits).toBe(1)
    await other.evaluate(() => navigator.locks.request('xstate-session', { steal: true }, async () => {}))
    void other.evaluate(() => void window.session.refresh().catch(() => {}))
    await reaches(other, 'retrying')
    hang.clear()
    expect(await renewing).toBe('active')
    for (const tab of [holder, other]) await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
  })

  test('C16: a tab that is closed in the middle of a refresh: its token is not sent again while the bearer is good', async () => {
    const context = await pages.open()
    const [closing, other] = await pages.tabs(context, 2)
    if (!closing || !other) return
    const before = pages.sends()
    const hang = pages.backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
    void closing.evaluate(() => void window.session.refresh().catch(() => {}))
    await expect.poll(() => hang.hits).toBe(1)
    await closing.close()
    hang.clear()
    void other.evaluate(() => void window.session.refresh().catch(() => {}))
    await reaches(other, 'retrying')
    expect(await other.evaluate(async () => (await window.session.fetch('/api/admin/users')).status)).toBe(
      200,
    )
    expect(pages.sends(before)).toBe(1)
  })

  test('C28: a logout in one tab while another refreshes ends both, and nothing comes back', async () => {
    const context = await pages.open()
    const [refreshing, other] = await pages.tabs(context, 2)
    if (!refreshing || !other) return
    const hang = pages.backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
    void refreshing.evaluate(() => void window.session.refresh().catch(() => {}))
    await expect.poll(() => hang.hits).toBe(1)
    await other.evaluate(() => window.session.logout())
    await reaches(refreshing, 'loggedOut')
    expect((await snapshot(refreshing)).reason).toBe('elsewhere')
    hang.clear()
    const late = await pages.tab(context)
    for (const tab of [refreshing, other, late]) await reaches(tab, 'loggedOut')
  })

  test('a login in one tab is a login in all', async () => {
    const context = await pages.open()
    const tabs = await pages.tabs(context, 2)
    const [first, second] = tabs
    if (!first || !second) return
    await first.evaluate(() => window.session.logout())
    await reaches(second, 'loggedOut')
    await logIn(first, await pages.backend.loginOpenid('openidAcme'))
    await reaches(second, 'active')
    expect((await snapshot(second)).user?.id).toBe((await snapshot(first)).user?.id)
  })

  test('S8: a vault that the user has cleared is a logout, not a session without end', async () => {
    const context = await pages.open()
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const before = pages.sends()
    await tab.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const opening = indexedDB.open('xstate-session')
          opening.onerror = reject
          opening.onsuccess = () => {
            const transaction = opening.result.transaction('vault', 'readwrite')
            transaction.objectStore('vault').clear()
            transaction.oncomplete = resolve
          }
        }),
    )
    expect(await renew(tab)).toBe('logged_out')
    expect(pages.sends(before)).toBe(0)
  })

  test('nothing that is stored can be read: no token in IndexedDB, web storage or a message', async () => {
    const context = await pages.open()
    const heard: string[] = []
    await context.exposeFunction('hear', (text: string) => heard.push(text))
    const [tab, other] = await pages.tabs(context, 2)
    if (!tab || !other) return
    await other.evaluate(() => {
      new BroadcastChannel('xstate-session').onmessage = ({ data }) =>
        (window as unknown as { hear(text: string): void }).hear(JSON.stringify(data))
    })
    await renew(tab)
    await reaches(other, 'active', 2)
    const token = await tab.evaluate(() => window.session.getToken())
    const stored = await tab.evaluate(
      () =>
        new Promise<string>((resolve, reject) => {
          const opening = indexedDB.open('xstate-session')
          opening.onerror = reject
          opening.onsuccess = () => {
            const all = opening.result.transaction('vault').objectStore('vault').getAll()
            all.onsuccess = () =>
              resolve(
                JSON.stringify([
                  { ...localStorage },
                  { ...sessionStorage },
                  all.result.map((row) =>
                    row instanceof CryptoKey
                      ? { extractable: row.extractable }
                      : { ...row, sealed: row.sealed && new TextDecoder('latin1').decode(row.sealed) },
                  ),
                ]),
              )
          }
        }),
    )
    expect(stored).toContain('"extractable":false')
    const sinks = [stored, ...heard].join('\n')
    expect(heard.length).toBeGreaterThan(0)
    for (let at = 0; at + 8 <= token.length; at += 8) expect(sinks).not.toContain(token.slice(at, at + 8))
  })
})

describe('storage that is not there', () => {
  test('S1: a page whose storage throws on access starts, says so once, and keeps its session in memory', async () => {
    const context = await pages.open(() => {
      const refuse = {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        },
      }
      for (const name of ['indexedDB', 'localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, refuse)
    })
    const tab = await pages.tab(context)
    await logIn(tab, await pages.backend.loginOpenid('openidAdmin'))
    await reaches(tab, 'active')
    expect(await renew(tab)).toBe('active')
    const warned = await tab.evaluate(() => window.notices.filter((notice) => notice.type === 'warning'))
    expect(warned).toMatchObject([{ code: 'storage' }])
  })

  test('a frame without an origin has no storage, no locks and no channel, and starts', async () => {
    const context = await pages.open()
    const outer = await context.newPage()
    await outer.route('**/outer', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<iframe sandbox="allow-scripts" src="/?vault=shared&backend=${encodeURIComponent(pages.backend.url)}"></iframe>`,
      }),
    )
    await outer.goto(`${pages.url}/outer`)
    const frame = await expect
      .poll(() => outer.frames()[1])
      .toBeDefined()
      .then(() => outer.frames()[1])
    await expect.poll(() => frame?.evaluate(() => document.body.textContent)).toBe('loggedOut 0')
    const answer = await pages.backend.loginOpenid('openidAdmin')
    await frame?.evaluate((given) => window.session.login(given, { provider: 'openid' }), answer)
    await expect.poll(() => frame?.evaluate(() => document.body.textContent)).toBe('active 1')
  })
})

describe('a page inside of a page of another site', () => {
  test('E6: sees nothing of the same page outside, and each spends what is its own', async () => {
    const context = await pages.open()
    const [outside] = await pages.tabs(context, 1)
    if (!outside) return
    const outer = await context.newPage()
    const query = `vault=shared&backend=${encodeURIComponent(pages.backend.url)}`
    // Another site than "localhost", on the same machine.
    await outer.goto(`${pages.url.replace('localhost', '127.0.0.1')}/outer?${query}`)
    await expect.poll(() => outer.frames()[1]?.evaluate(() => document.body.textContent)).toBe('loggedOut 0')
    const frame = outer.frames()[1]
    const answer = await pages.backend.loginOpenid('openidAcme')
    await frame?.evaluate((given) => window.session.login(given, { provider: 'openid' }), answer)
    await expect.poll(() => frame?.evaluate(() => document.body.textContent)).toBe('active 1')
    const before = pages.sends()
    await Promise.all([renew(outside), frame?.evaluate(() => window.session.refresh())])
    expect(pages.sends(before)).toBe(2)
    expect(pages.backend.log.replays()).toEqual([])
    await outside.evaluate(() => window.session.logout())
    await expect.poll(() => frame?.evaluate(() => document.body.textContent)).toBe('active 2')
  })
})

describe('a page from the back-forward cache', () => {
  const pages = directPages(600_000, { isWhole: true })

  test('T9: shows nothing until it knows that nobody has logged out meanwhile', async () => {
    const context = await pages.open(() => {
      // Another tab's message would take the page out of the cache.
      Object.defineProperty(window, 'BroadcastChannel', { value: undefined })
      addEventListener('pageshow', ({ persisted }) => {
        const { visibility } = getComputedStyle(document.documentElement)
        Object.assign(window, { shown: { persisted, visibility } })
      })
    })
    const [tab, other] = await pages.tabs(context, 1).then(async ([one]) => [one, await pages.tab(context)])
    if (!tab || !other) return
    await tab.goto(`${pages.url.replace('localhost', '127.0.0.1')}/elsewhere`)
    await other.evaluate(() => window.session.logout())
    await tab.goBack({ waitUntil: 'commit' })
    const shown = () => tab.evaluate(() => (window as unknown as { shown: unknown }).shown)
    await expect.poll(shown).toEqual({ persisted: true, visibility: 'hidden' })
    await reaches(tab, 'loggedOut')
    await expect
      .poll(() => tab.evaluate(() => getComputedStyle(document.documentElement).visibility))
      .toBe('visible')
  })
})

describe('a grant per tab, in memory', () => {
  test('each tab has a login of its own; a logout in one is a logout in all', async () => {
    const context = await pages.open()
    const [one, two] = [await pages.tab(context, 'memory'), await pages.tab(context, 'memory')]
    await logIn(one, await pages.backend.loginOpenid('openidAdmin'))
    expect((await snapshot(two)).state).toBe('loggedOut')
    await logIn(two, await pages.backend.loginOpenid('openidAdmin'))
    expect(await Promise.all([one, two].map(renew))).toEqual(['active', 'active'])
    expect(pages.backend.log.replays()).toEqual([])
    await one.evaluate(() => window.session.logout())
    await reaches(two, 'loggedOut')
    expect((await snapshot(two)).reason).toBe('elsewhere')
  })

  test('a reload means a login', async () => {
    const context = await pages.open()
    const tab = await pages.tab(context, 'memory')
    await logIn(tab, await pages.backend.loginOpenid('openidAdmin'))
    await tab.reload()
    await tab.waitForFunction(() => 'session' in window)
    expect((await snapshot(tab)).state).toBe('loggedOut')
  })
})

describe('the network', () => {
  test('N9: a browser that is offline sends nothing, and renews when it is back', async () => {
    const context = await pages.open()
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const before = pages.sends()
    await context.setOffline(true)
    let tried = 0
    tab.on('request', (request) => {
      if (request.url().endsWith('/refresh') && request.method() === 'POST') tried++
    })
    void tab.evaluate(() => void window.session.refresh().catch(() => {}))
    await reaches(tab, 'retrying')
    expect(tried).toBe(0)
    await context.setOffline(false)
    await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
  })
})

describe('a browser that says it is offline though it is not', () => {
  test('U42: renews, and calls', async () => {
    const context = await pages.open(() =>
      Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false }),
    )
    const [tab] = await pages.tabs(context, 1)
    if (!tab) return
    const before = pages.sends()
    expect(await renew(tab)).toBe('active')
    await reaches(tab, 'active', 2)
    expect(pages.sends(before)).toBe(1)
    expect(await tab.evaluate(async () => (await window.session.fetch('/api/admin/users')).status)).toBe(200)
  })
})

describe('messages', () => {
  const forged: unknown[] = [
    null,
    'logout',
    42,
    [],
    { v: 1 },
    { v: 1, hint: 'constructor' },
    { v: 1, hint: '__proto__' },
    { v: 1, hint: 'renewed', epoch: 99, version: 99, token: 'forged', user: { id: 'mallory' } },
    { v: 1, hint: 'loggedOut', reason: 'user' },
    { v: 1, hint: 'changed', session: { state: 'active' } },
    { v: 2, hint: 'something of tomorrow' },
    JSON.parse('{"__proto__":{"polluted":true},"v":1,"hint":"changed"}'),
  ]

  test('X22: forged messages change nothing that the vault does not say', async () => {
    const context = await pages.open()
    const [tab, other] = await pages.tabs(context, 2)
    if (!tab || !other) return
    const before = await snapshot(other)
    for (const message of forged) await say(tab, message)
    await expect.poll(() => renew(other)).toBe('active')
    const after = await snapshot(other)
    expect(after.user).toEqual(before.user)
    expect([after.epoch, after.version]).toEqual([before.epoch, before.version + 1])
    expect(await other.evaluate(() => ({}) as { polluted?: unknown }).then((it) => it.polluted)).toBe(
      undefined,
    )
  })
})
