import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import {
  asText,
  clickActions,
  type Engine,
  type EnginePage,
  fromText,
  keyActions,
  moveActions,
  type Scheme,
  wheelActions,
} from './engine.ts'

/** On a screen that is larger than its window, a window that opens may take the focus from the one under the pointer. */
const SCREEN = '1024x768'
/** Its bar would make the window wider than a phone: its buttons are small here. */
const BAR = '* { min-width: 0; margin: 0; padding: 0; font-size: 4px; }'

type Method = 'GET' | 'POST' | 'DELETE'
type Call = (method: Method, path: string, body: object | undefined) => Promise<never>

/**
 * Debian's WebKitGTK, the engine of Safari, by its own WebDriver. It has no headless mode, so it shows itself to an X
 * server that shows nobody anything. One driver has one browser, so each profile has a driver of its own.
 */
export async function startWebkit(scheme: Scheme = 'light', screen = SCREEN): Promise<Engine> {
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-screen', '0', `${screen}x24`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const gone = once(xvfb, 'exit')
  const config = mkdtempSync(join(tmpdir(), 'webkit-'))
  mkdirSync(join(config, 'gtk-3.0'))
  writeFileSync(join(config, 'gtk-3.0', 'gtk.css'), BAR)
  const theme = scheme === 'dark' ? 'Adwaita:dark' : 'Adwaita'
  const [display] = await once(xvfb.stdio[3] as NodeJS.ReadableStream, 'data')
  return {
    async open() {
      const port = await freePort()
      const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
        stdio: 'ignore',
        env: {
          ...process.env,
          DISPLAY: `:${String(display).trim()}`,
          XDG_CONFIG_HOME: config,
          GTK_THEME: theme,
        },
      })
      const ended = once(driver, 'exit')
      const { call, session } = await connect(port)
      const inWindow = await windows(call, session)
      return {
        async page() {
          const { handle } = await inWindow<{ handle: string }>(undefined, 'POST', 'window/new', {
            type: 'window',
          })
          return pageOf((method, path, body) => inWindow(handle, method, path, body))
        },
        async windows() {
          const handles = (await call('GET', `${session}/window/handles`, undefined)) as string[]
          return handles.length - 1
        },
        async close() {
          await call('DELETE', session, undefined).catch(() => {})
          driver.kill()
          await ended
        },
      }
    },
    async close() {
      xvfb.kill()
      await gone
      rmSync(config, { recursive: true, force: true })
    },
  }
}

/** Sends commands to the windows of a session, one after the other: a driver has one window that it speaks to. */
async function windows(call: Call, session: string) {
  // It stays: a session ends with its last window.
  const first = (await call('GET', `${session}/window`, undefined)) as string
  let chosen = first
  let last: Promise<unknown> = Promise.resolve()
  return <T>(handle: string | undefined, method: Method, path: string, body?: object): Promise<T> => {
    const next = last.then(async () => {
      const wanted = handle ?? first
      // Choosing a window takes the focus out of its frames.
      if (wanted !== chosen) await call('POST', `${session}/window`, { handle: wanted })
      chosen = method === 'DELETE' ? '' : wanted
      return call(method, `${session}/${path}`, body) as Promise<T>
    })
    last = next.catch(() => {})
    return next
  }
}

function pageOf(call: Call): EnginePage {
  const perform = (actions: readonly object[]): Promise<void> => call('POST', 'actions', { actions })
  return {
    async goto(url) {
      await call('POST', 'execute/sync', { script: 'window.isLeft = true', args: [] })
      await call('POST', 'url', { url })
      // The driver may answer by the end of the load before this one: that of a new window's empty page.
      await vi.waitFor(async () => {
        const script = 'return !window.isLeft && document.readyState === "complete"'
        if (!(await call('POST', 'execute/sync', { script, args: [] })))
          throw new Error(`${url} does not load.`)
      }, 10_000)
    },
    back: () => call('POST', 'back', {}),
    async evaluate(work, given) {
      const script = `const [done, given] = [...arguments].reverse();
        (${asText(work)})(given).then((text) => done({ text }), (error) => done({ error: String(error) }))`
      const args = given === undefined ? [] : [JSON.stringify(given)]
      const answer = await call('POST', 'execute/async', { script, args })
      const { text, error } = answer as { text: string; error?: string }
      if (error !== undefined) throw new Error(error)
      return fromText(text)
    },
    press: (key) => perform(keyActions(key)),
    click: (x, y) => perform(clickActions(x, y)),
    async wheel(x, y) {
      await perform(moveActions(x, y))
      await perform(wheelActions(x, y))
    },
    async resize(width, height) {
      const script = 'return [innerWidth, innerHeight, outerWidth, outerHeight]'
      // The window is larger than its page, by what the page tells; and takes its time.
      await vi.waitFor(async () => {
        const [w = 0, h = 0, outerWidth = 0, outerHeight = 0]: number[] = await call('POST', 'execute/sync', {
          script,
          args: [],
        })
        if (w === width && h === height) return
        const rect = { x: 0, y: 0, width: width + outerWidth - w, height: height + outerHeight - h }
        await call('POST', 'window/rect', rect)
        throw new Error(`The page is ${w} by ${h}, not ${width} by ${height}.`)
      }, 10_000)
    },
    screenshot: async () => Buffer.from(await call('GET', 'screenshot', undefined), 'base64'),
    // A driver speaks to the window in front.
    front: async () => void (await call('GET', 'title', undefined)),
    close: () => call('DELETE', 'window', undefined),
  }
}

/** A session of the driver, as soon as the driver listens. */
async function connect(port: number) {
  const call: Call = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    })
    const { value } = (await answer.json()) as { value: { error?: string; message?: string } }
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`)
    return value as never
  }
  await vi.waitFor(() => call('GET', 'status', undefined), 30_000)
  const capabilities = { alwaysMatch: { browserName: 'MiniBrowser' } }
  const { sessionId } = (await call('POST', 'session', { capabilities })) as { sessionId: string }
  return { call, session: `session/${sessionId}` }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
