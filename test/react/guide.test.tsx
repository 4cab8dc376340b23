import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { act } from 'react'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { SessionServer } from 'xstate-session/server'
import { accounts } from '../../examples/backend/accounts.ts'
import { PANEL, world } from '../server/world.ts'

const { window } = await vi.hoisted(async () => {
  const { JSDOM } = (await import('jsdom' as string)) as {
    JSDOM: new (html: string, options: { url: string }) => { window: Window & typeof globalThis }
  }
  const { window } = new JSDOM('', { url: 'https://admin.example/' })
  const { document, location, FormData } = window
  Object.assign(globalThis, { window, document, location, FormData, IS_REACT_ACT_ENVIRONMENT: true })
  // jsdom knows no signal but its own, and the platform's fetch none of jsdom's.
  for (const target of [window, document]) {
    const add = target.addEventListener.bind(target) as EventTarget['addEventListener']
    target.addEventListener = (type: string, listener: EventListener, options: AddEventListenerOptions) =>
      add(type, listener, typeof options === 'object' ? { ...options, signal: undefined as never } : options)
  }
  return { window }
})

// What a page sends with.
vi.mock('#transport', () => import('../../src/platform/transport.ts'))

const root = fileURLToPath(new URL('../../', import.meta.url))
const { email, password } = accounts.localAdmin
let folder: string

/** The samples of the page as files: under the name in their first line, or one that does not matter. */
beforeAll(async () => {
  folder = await mkdtemp(`${root}test/docs/.samples-react-`)
  const text = await readFile(`${root}docs/react.md`, 'utf8')
  for (const [at, [, code = '']] of [...text.matchAll(/^```tsx\n(.*?)^```$/gms)].entries())
    await writeFile(`${folder}/${/^\/\/ (\S+\.tsx)$/m.exec(code)?.[1] ?? `sample-${at}.tsx`}`, code)
  await writeFile(
    `${folder}/tsconfig.json`,
    JSON.stringify({ extends: '../../../tsconfig.json', include: ['*.tsx'] }),
  )
})

afterAll(() => rm(folder, { recursive: true }))

test('every sample compiles', async () => {
  const tsc = `${root}node_modules/@typescript/native/bin/tsc`
  const run = promisify(execFile)(process.execPath, [tsc, '--noEmit', '-p', folder])
  expect(
    await run.then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    ),
  ).toBe('')
})

test('the panel of the guide is rendered, hydrated, used and left, as the guide says', async () => {
  const { serve } = await world()
  const { server, page } = serve()
  const asked: string[] = []
  const platformFetch = globalThis.fetch
  vi.stubGlobal('fetch', async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(typeof input === 'string' ? new URL(input, PANEL) : input, init)
    if (!request.url.startsWith(PANEL)) return platformFetch(request)
    const { method, url, headers } = request
    asked.push(`${method} ${new URL(url).pathname}`)
    return method === 'GET'
      ? page.get(url, { headers })
      : page.post(url, await request.json().catch(() => undefined))
  })
  onTestFinished(() => void vi.unstubAllGlobals())

  const { renderPage } = (await import(`${folder}/server.tsx`)) as {
    renderPage(request: Request, server: SessionServer): Promise<Response>
  }
  const load = async () => {
    const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return (await renderPage(new Request(`${PANEL}/`, { headers: { cookie } }), server)).text()
  }
  const text = () => document.getElementById('panel')?.textContent ?? ''
  const shows = (words: string) => expect.poll(text).toContain(words)
  const click = (label: string) => {
    for (const button of document.querySelectorAll('button')) if (button.textContent === label) button.click()
  }

  expect(await load()).toContain('Please sign in.')
  await page.post('/session/login', { email, password })
  const html = await load()
  expect(html).toContain(email)
  expect(html).not.toContain('Please sign in.')

  const complaints = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => complaints.mockRestore())
  document.body.innerHTML = html
  await act(() => import(`${folder}/page.tsx`))
  // From here on React works as in a browser.
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
  expect(complaints.mock.calls).toEqual([])
  expect(asked).toEqual(['GET /api/admin/users'])
  await shows('@')

  click('Sign out')
  await shows('You have signed out.')
  expect(asked.at(-1)).toBe('POST /session/logout')

  for (const input of document.querySelectorAll('input'))
    input.value = input.name === 'email' ? email : password
  const submit = new window.Event('submit', { bubbles: true, cancelable: true })
  document.querySelector('form')?.dispatchEvent(submit)
  await shows(email)
  expect(asked).toContain('POST /session/login')
})
