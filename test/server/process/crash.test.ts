import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Backend, startBackend } from '../../../examples/backend/startBackend.ts'
import { childEnvironment } from '../../childEnvironment.ts'
import { browser } from '../browser.ts'
import { PANEL } from '../world.ts'

const USERS = '/api/admin/users'
/** For processes that run when the bearer has ended. */
const LATER = { LATER_MS: String(20 * 60_000) }

/** A server in a process of its own, over the file of the one before. */
async function setting() {
  const folder = mkdtempSync(join(tmpdir(), 'bff-'))
  const children: ChildProcess[] = []
  const backend: Backend = await startBackend({ panelUrl: PANEL })
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL')
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function launch(env: Record<string, string> = {}) {
    const file = new URL('bff.ts', import.meta.url).pathname
    const hooks = new URL('../../sources.ts', import.meta.url).pathname
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--import', hooks, file],
      {
        env: { ...childEnvironment(), BACKEND: backend.url, DATABASE: join(folder, 'sessions.db'), ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    children.push(child)
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
    const port = Number(chunk.toString())
    // The body of the answer is read here: a connection that dies must show as a failed call.
    const handle = async (request: Request) => {
      const url = new URL(request.url)
      const answer = await fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, {
        method: request.method,
        headers: request.headers,
        body: request.body ? await request.arrayBuffer() : null,
        redirect: 'manual',
      })
      const body = answer.status === 302 ? null : await answer.arrayBuffer()
      return new Response(body, { status: answer.status, headers: answer.headers })
    }
    return { child, page: browser(handle, PANEL), exited: once(child, 'exit') }
  }

  /** A session that was opened by a process before, and whose bearer has ended since. */
  async function openedBefore() {
    const { page, child, exited } = await launch()
    await page.navigate('/session/login/start')
    child.kill('SIGTERM')
    await exited
    backend.knobs.clockOffsetMs = Number(LATER.LATER_MS)
    backend.log.reset()
    return page
  }

  return { backend, launch, openedBefore }
}

function carry(from: ReturnType<typeof browser>, to: ReturnType<typeof browser>) {
  for (const [name, value] of from.cookies) to.cookies.set(name, value)
}

test('a restart loses nobody: the session is in the file', async () => {
  const { launch, backend } = await setting()
  const first = await launch()
  await first.page.post('/session/login', backend.accounts.localAdmin)
  first.child.kill('SIGTERM')
  expect(await first.exited).toEqual([0, null])
  const second = await launch()
  carry(first.page, second.page)
  expect((await second.page.get(USERS)).status).toBe(200)
})

test('C17, I19: a process that dies before its commit leaves an intent; the token is not sent unknowingly', async () => {
  const { launch, backend, openedBefore } = await setting()
  const before = await openedBefore()
  const dying = await launch({ ...LATER, DIE: 'beforeCommit' })
  carry(before, dying.page)
  await expect(dying.page.get(USERS)).rejects.toThrow()
  await dying.exited
  expect(backend.log.presentations.map(({ outcome }) => outcome)).toEqual(['ok-rotated'])
  const second = await launch(LATER)
  carry(before, second.page)
  const answer = await second.page.get(USERS)
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'refresh_unavailable' }])
  expect((await second.page.get('/session/')).status).toBe(200)
  expect(backend.log.presentations.length).toBe(1)
})

test('C18, I4: a process that dies after its commit has lost nothing', async () => {
  const { launch, backend, openedBefore } = await setting()
  const before = await openedBefore()
  const dying = await launch({ ...LATER, DIE: 'afterCommit' })
  carry(before, dying.page)
  await expect(dying.page.get(USERS)).rejects.toThrow()
  await dying.exited
  const second = await launch(LATER)
  carry(before, second.page)
  expect(await (await second.page.get('/session/')).json()).toMatchObject({ version: 2 })
  expect((await second.page.get(USERS)).status).toBe(200)
  expect(backend.log.replays()).toEqual([])
})

test('C33: asked to terminate in the middle of a refresh, a process finishes it first', async () => {
  const { launch, backend, openedBefore } = await setting()
  const before = await openedBefore()
  const first = await launch(LATER)
  carry(before, first.page)
  const held = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'after' })
  const asked = first.page.get(USERS).catch(() => undefined)
  await expect.poll(() => held.hits).toBe(1)
  first.child.kill('SIGTERM')
  expect((await asked)?.status).toBe(503)
  held.clear()
  expect(await first.exited).toEqual([0, null])
  const second = await launch(LATER)
  carry(before, second.page)
  expect(await (await second.page.get('/session/')).json()).toMatchObject({ version: 2 })
  expect(backend.log.presentations.length).toBe(1)
})

test('T13: a process that was stopped in the middle of a refresh overwrites nothing newer', async () => {
  const { launch, backend, openedBefore } = await setting()
  const before = await openedBefore()
  const [one, two] = [await launch(LATER), await launch(LATER)]
  carry(before, one.page)
  carry(before, two.page)
  const held = backend.faults.inject('openidRefresh', { kind: 'hang', at: 'before' })
  const asked = one.page.get(USERS).catch(() => undefined)
  await expect.poll(() => held.hits).toBe(1)
  one.child.kill('SIGSTOP')
  expect((await two.page.post('/session/logout')).status).toBe(200)
  held.clear()
  one.child.kill('SIGCONT')
  expect((await asked)?.status).not.toBe(200)
  await expect.poll(async () => (await one.page.get('/session/')).status).toBe(401)
  expect(backend.log.presentations.length).toBe(1)
})
