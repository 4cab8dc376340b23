import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** Nothing is asked of the network, and no page is told of a first start. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
  // As people have it: a driver would let any page open windows.
  'remote.prefs.recommended': false,
}

type Call = (method: string, params: object) => Promise<never>

/**
 * Debian's Firefox, by WebDriver BiDi, which it speaks itself. Playwright's Firefox is a build of its own, and asks
 * Debian's for commands that it does not know; geckodriver is not in Debian.
 */
export async function startFirefox(scheme: Scheme = 'light'): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), 'firefox-'))
  const preferences = {
    ...PREFERENCES,
    'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1,
  }
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${value});`)
  writeFileSync(join(profile, 'user.js'), lines.join('\n'))
  const firefox = spawn(
    'firefox-esr',
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(firefox, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    firefox.stderr.on('data', (chunk) => {
      said += chunk
      const [, found] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? []
      if (found) resolve(`${found}/session`)
    })
    ended.then(() => reject(new Error(`Firefox ended: ${said}`)), reject)
  })
  const call = await connect(url)
  await call('session.new', { capabilities: {} })
  return {
    async open() {
      const { userContext } = (await call('browser.createUserContext', {})) as { userContext: string }
      return {
        async page() {
          const opened = await call('browsingContext.create', { type: 'window', userContext })
          return pageOf(call, (opened as { context: string }).context)
        },
        async windows() {
          const { contexts } = (await call('browsingContext.getTree', { maxDepth: 0 })) as {
            contexts: { userContext: string }[]
          }
          return contexts.filter((one) => one.userContext === userContext).length
        },
        close: () => call('browser.removeUserContext', { userContext }),
      }
    },
    async close() {
      await call('browser.close', {}).catch(() => {})
      await ended
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

function pageOf(call: Call, context: string): EnginePage {
  const perform = (actions: readonly object[]): Promise<void> =>
    call('input.performActions', { context, actions })
  return {
    goto: (url) => call('browsingContext.navigate', { context, url, wait: 'complete' }),
    back: () => call('browsingContext.traverseHistory', { context, delta: -1 }),
    async evaluate(work, given) {
      const { type, result, exceptionDetails } = (await call('script.callFunction', {
        functionDeclaration: asText(work),
        arguments: given === undefined ? [] : [{ type: 'string', value: JSON.stringify(given) }],
        target: { context },
        awaitPromise: true,
      })) as { type: string; result: { value: string }; exceptionDetails: { text: string } }
      if (type === 'exception') throw new Error(exceptionDetails.text)
      return fromText(result.value)
    },
    press: (key) => perform(keyActions(key)),
    click: (x, y) => perform(clickActions(x, y)),
    async wheel(x, y) {
      await perform(moveActions(x, y))
      await perform(wheelActions(x, y))
    },
    resize: (width, height) => call('browsingContext.setViewport', { context, viewport: { width, height } }),
    async screenshot() {
      const { data } = (await call('browsingContext.captureScreenshot', { context })) as { data: string }
      return Buffer.from(data, 'base64')
    },
    front: () => call('browsingContext.activate', { context }),
    close: () => call('browsingContext.close', { context }),
  }
}

/** Commands over one socket, and their answers. */
async function connect(url: string): Promise<Call> {
  const socket = new WebSocket(url)
  const open = new Map<number, PromiseWithResolvers<never>>()
  let calls = 0
  socket.addEventListener('message', ({ data }) => {
    const { id, type, result, error, message } = JSON.parse(data)
    const answer = open.get(id)
    open.delete(id)
    if (type === 'success') answer?.resolve(result as never)
    else answer?.reject(new Error(`${error}: ${message}`))
  })
  socket.addEventListener('close', () => {
    for (const { reject } of open.values()) reject(new Error('Firefox has closed the connection.'))
  })
  await once(socket, 'open')
  return (method, params) => {
    const answer = Promise.withResolvers<never>()
    open.set(++calls, answer)
    socket.send(JSON.stringify({ id: calls, method, params }))
    return answer.promise
  }
}
