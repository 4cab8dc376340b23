import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sessionStoreConformance } from 'xstate-session/testing'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { engines } from './engines/all.ts'
import type { Engine, EnginePage, Profile } from './engines/engine.ts'
import { startSite } from './engines/site.ts'

declare global {
  interface Window {
    takeSigns(): number
    sendRequest(): Promise<unknown>
    sendKy(): Promise<unknown>
    sendStream(): Promise<unknown>
  }
}

const FRAME = `<!doctype html><body style="margin:0;height:3000px"><textarea autofocus style="width:100%;height:100px"></textarea>`

/** Refuses one bearer, and echoes what comes with any other. */
function echo(request: IncomingMessage, response: ServerResponse) {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    response.statusCode = request.headers.authorization === 'Bearer refused' ? 401 : 200
    response.end(body)
  })
}

function renew(_: IncomingMessage, response: ServerResponse) {
  response.setHeader('content-type', 'application/json')
  const user = { id: 'ada', email: 'ada@chat.example' }
  response.end(
    JSON.stringify({ token: 'renewed', refreshToken: 'R2', user, expiresAt: Date.now() + 900_000 }),
  )
}

let vaults = 0

describe.each(engines)('in %s', (name, start) => {
  let engine: Engine
  let profile: Profile
  let backend: Backend
  let site: Awaited<ReturnType<typeof startSite>>
  beforeAll(async () => {
    backend = await startBackend({ knobs: { sessionMs: 600_000 } })
    site = await startSite(
      {
        '/conformance': 'browser/page/conformance.ts',
        '/direct': 'browser/page/direct.ts',
        '/fetch': 'browser/page/fetch.ts',
        '/signs': 'browser/page/signs.ts',
      },
      {
        '/frame': FRAME,
        '/slow': `${FRAME}<img src="/never">`,
        '/never': () => {},
        '/elsewhere': '<!doctype html><p>elsewhere',
        '/api/echo': echo,
        '/api/admin/oauth/refresh': renew,
      },
    )
    engine = await start()
    profile = await engine.open()
  }, 60_000)
  afterAll(async () => {
    await profile?.close()
    await engine?.close()
    site?.close()
    await backend?.close()
  })

  async function tab(path: string): Promise<EnginePage> {
    const page = await profile.page()
    onTestFinished(() => page.close())
    await page.goto(site.url + path)
    return page
  }

  const becomes = (what: () => Promise<unknown>, value: unknown) => expect.poll(what).toBe(value)
  const reaches = (page: EnginePage, state: string) =>
    becomes(
      () =>
        page.evaluate(() => {
          if (!('session' in window)) return undefined
          const { isPending, ...now } = window.session.getSnapshot()
          return isPending ? 'pending' : `${now.state} ${now.version}`
        }),
      state,
    )

  /** Tabs of a vault of their own, logged in together. */
  async function tabs(count: number): Promise<[EnginePage, ...EnginePage[]]> {
    const vault = `tabs ${++vaults}`
    const query = `vault=shared&name=${vault}&backend=${encodeURIComponent(backend.url)}`
    const pages: EnginePage[] = []
    while (pages.length < count) {
      const page = await tab(`/direct?${query}`)
      await reaches(page, 'loggedOut 0')
      pages.push(page)
    }
    const answer = await backend.loginOpenid('openidAdmin')
    await pages[0]?.evaluate((given) => window.session.login(given, { provider: 'openid' }), answer)
    for (const page of pages) await reaches(page, 'active 1')
    return pages as [EnginePage, ...EnginePage[]]
  }

  test('the vault that tabs share is a session store', async () => {
    const page = await tab('/conformance')
    await becomes(() => page.evaluate(() => 'results' in window), true)
    const suite = sessionStoreConformance({ create: () => Promise.reject(new Error('It runs in the page.')) })
    expect(await page.evaluate(() => window.results)).toEqual(
      Object.fromEntries(suite.map((one) => [one.name, 'passed'])),
    )
  })

  test('C10: two tabs that renew at the same moment spend the token once', async () => {
    const pages = await tabs(2)
    const before = backend.log.presentations.length
    await Promise.all(pages.map((page) => page.evaluate(() => window.session.refresh())))
    for (const page of pages) await reaches(page, 'active 2')
    expect(backend.log.presentations.length - before).toBe(1)
  })

  test('U41: a database that another page wants to upgrade is opened again', async () => {
    const [page] = await tabs(1)
    const other = await tab('/elsewhere')
    await other.evaluate(
      (vault) =>
        new Promise<void>((resolve) => {
          const opening = indexedDB.open(vault, 2)
          opening.onupgradeneeded = () => opening.transaction?.abort()
          opening.onerror = () => resolve()
        }),
      `tabs ${vaults}`,
    )
    await page.evaluate(() => window.session.refresh())
    await reaches(page, 'active 2')
  })

  test('U71: a Request with a body is sent again after a 401, and stays its caller’s', async () => {
    const page = await tab('/fetch')
    expect(await page.evaluate(() => window.sendRequest())).toEqual([200, 'payload', false, 'payload'])
    expect(await page.evaluate(() => window.sendKy())).toEqual([200, '{"a":1}'])
  })

  test('U74: a stream is sent, refused by us, or fails: never is it another text', async () => {
    const page = await tab('/fetch')
    // Chromium sends streams over HTTP/2 alone.
    expect(await page.evaluate(() => window.sendStream())).toBe(
      name === 'Chromium' ? 'TypeError' : 'misconfigured',
    )
  })

  test('U41: a page out of the back-forward cache shows itself, though its database was closed meanwhile', async () => {
    const [page] = await tabs(1)
    await page.evaluate(() => {
      const { open } = IDBFactory.prototype
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { persisted }))
      addEventListener('pagehide', () => {
        // An upgrade that is given up: whoever had the database open has to close it.
        const opening = open.call(indexedDB, new URLSearchParams(location.search).get('name') ?? '', 2)
        opening.onupgradeneeded = () => opening.transaction?.abort()
      })
    })
    await page.goto(`${site.url.replace('localhost', '127.0.0.1')}/elsewhere`)
    await page.back()
    await reaches(page, 'active 1')
    await becomes(() => page.evaluate(() => getComputedStyle(document.documentElement).visibility), 'visible')
    await page.evaluate(() => window.session.refresh())
    await reaches(page, 'active 2')
  })

  describe('U45: work is noticed', () => {
    const all = name === 'WebKit' ? ['click', 'key'] : ['click', 'key', 'wheel']

    /** Clicks, writes and scrolls at the left upper corner, and answers what of it was noticed within `patience`. */
    async function workOn(page: EnginePage, patience = 20_000) {
      const noticed: string[] = []
      const ways: [string, () => Promise<void>][] = [
        ['click', () => page.click(50, 50)],
        ['key', () => page.press('a')],
      ]
      // WebKit's driver gives a frame no wheel, nor its own listeners.
      if (name !== 'WebKit') ways.push(['wheel', () => page.wheel(50, 50)])
      await page.evaluate(() => window.takeSigns())
      for (const [way, act] of ways) {
        await act()
        let signs = 0
        await vi
          .waitFor(async () => {
            signs += await page.evaluate(() => window.takeSigns())
            if (signs === 0) throw new Error('not yet')
          }, patience)
          .then(
            () => noticed.push(way),
            () => {},
          )
      }
      return noticed
    }

    /** Each adds a frame in the corner; it is ready when it has loaded. */
    const frames: [string, (given: string) => Promise<void>][] = [
      [
        'a frame',
        (url) =>
          new Promise((resolve) => {
            const frame = Object.assign(document.createElement('iframe'), {
              src: `${url}/frame`,
              onload: resolve,
            })
            document.body.append(frame)
          }),
      ],
      [
        'a frame whose document is text of the page',
        () =>
          new Promise((resolve) => {
            const frame = Object.assign(document.createElement('iframe'), {
              srcdoc: '<body style="height:3000px"><textarea style="width:100%;height:100px">',
              onload: resolve,
            })
            document.body.append(frame)
          }),
      ],
      [
        'a frame that a script writes, as editors do',
        async () => {
          const frame = document.body.appendChild(document.createElement('iframe'))
          await new Promise((resolve) => setTimeout(resolve, 100))
          frame.contentDocument?.open()
          frame.contentDocument?.write(
            '<body style="height:3000px"><textarea style="width:100%;height:100px">',
          )
          frame.contentDocument?.close()
        },
      ],
      [
        'a frame that has gone on to another page',
        async (url) => {
          const frame = Object.assign(document.createElement('iframe'), { src: `${url}/elsewhere` })
          const loaded = () =>
            new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
          const first = loaded()
          document.body.append(frame)
          await first
          const second = loaded()
          if (frame.contentWindow) frame.contentWindow.location.href = `${url}/frame`
          await second
        },
      ],
      [
        'a frame in a frame',
        (url) =>
          new Promise((resolve) => {
            const outer = Object.assign(document.createElement('iframe'), {
              srcdoc: `<body style="margin:0"><iframe src="${url}/frame" style="border:0;width:100%;height:300px">`,
              onload: resolve,
            })
            document.body.append(outer)
          }),
      ],
      [
        'a frame in a shadow tree',
        (url) =>
          new Promise((resolve) => {
            const host = document.body.appendChild(document.createElement('div'))
            const frame = Object.assign(document.createElement('iframe'), {
              src: `${url}/frame`,
              onload: resolve,
            })
            frame.style.cssText = 'position:fixed;inset:0;width:400px;height:300px;border:0'
            host.attachShadow({ mode: 'open' }).append(frame)
          }),
      ],
      [
        'a frame that is never done loading',
        (url) =>
          new Promise((resolve) => {
            const frame = Object.assign(document.createElement('iframe'), { src: `${url}/slow` })
            document.body.append(frame)
            setTimeout(resolve, 500)
          }),
      ],
    ]

    test('in the page', async () => {
      const page = await tab('/signs')
      await page.evaluate(() => {
        document.body.innerHTML =
          '<textarea style="position:fixed;inset:0;width:400px;height:300px"></textarea>'
      })
      expect(await workOn(page)).toEqual(all)
    })

    test.each(frames)('in %s', async (_, add) => {
      const page = await tab('/signs')
      await page.evaluate(() => {
        const style = document.createElement('style')
        style.textContent = 'iframe{position:fixed;inset:0;width:400px;height:300px;border:0}'
        document.head.append(style)
      })
      await page.evaluate(add, site.url)
      expect(await workOn(page)).toEqual(all)
    })

    test('not where a script works, or a frame of another site', async () => {
      const page = await tab('/signs')
      await page.evaluate(
        (url) =>
          new Promise((resolve) => {
            const frame = Object.assign(document.createElement('iframe'), {
              src: `${url}/frame`,
              onload: resolve,
            })
            frame.style.cssText = 'position:fixed;inset:0;width:400px;height:300px;border:0'
            document.body.append(frame)
          }),
        site.url.replace('localhost', '127.0.0.1'),
      )
      // A frame in another process gets the focus later than the click: until then keys are the page's.
      await page.click(50, 50)
      await becomes(() => page.evaluate(() => document.activeElement?.tagName), 'IFRAME')
      // Firefox's driver gives the events of a frame in another process to the frame's element.
      expect(await workOn(page, 2_000)).toEqual(name === 'Firefox' ? all : [])
      await page.evaluate(async () => {
        document.body.innerHTML = '<input><button>Go</button><div style="height:5000px"></div>'
        const [field, button] = [document.querySelector('input'), document.querySelector('button')]
        const turn = () => new Promise((resolve) => setTimeout(resolve, 50))
        // As a script of the page: WebKit's driver runs its own beside the event loop.
        await turn()
        for (let n = 0; n < 3; n++) {
          button?.click()
          field?.focus()
          document.execCommand('insertText', false, 'text')
          document.execCommand('copy')
          field?.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true }))
          window.scrollTo(0, 100 * n)
          await turn()
          field?.blur()
        }
      })
      expect(await page.evaluate(() => window.takeSigns())).toBe(0)
    })
  })
})
