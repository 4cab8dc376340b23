import { setTimeout as sleep } from 'node:timers/promises'
import { accounts } from '../../examples/backend/accounts.ts'
import { browser } from '../server/browser.ts'
import type { Fleet } from './fleet.ts'
import type { Call, Logout, Loss } from './history.ts'
import type { Random } from './random.ts'

const API = '/api/admin/users'
const GIVE_UP_MS = 20_000
const PROBES = 6

/** Clients with sessions, each calling through several processes at once, until told to stop. */
export function createWorkload(fleet: Fleet, origin: string, random: Random, logouts: number) {
  const calls: Call[] = []
  const done: Logout[] = []
  const losses: Loss[] = []
  let isOver = false
  let last = 0

  /** One life after the other. */
  async function client(): Promise<void> {
    while (!isOver) {
      await live(++last).catch(() => sleep(500))
    }
  }

  async function live(number: number): Promise<void> {
    const session = String(number)
    let isAfterLogout = false
    let said: string | undefined

    async function through(request: Request): Promise<Response> {
      const i = Math.floor(random.next() * fleet.size)
      const url = fleet.url(i)
      const at = Date.now()
      const note = (status: number) => {
        if (new URL(request.url).pathname === API)
          calls.push({ session, process: i, at, tookMs: Date.now() - at, status, isAfterLogout })
      }
      if (!url) {
        note(0)
        throw new Error('The process is down.')
      }
      const headers = new Headers(request.headers)
      headers.set('x-session-number', session)
      const path = request.url.slice(new URL(request.url).origin.length)
      try {
        const answer = await fetch(url + path, {
          method: request.method,
          headers,
          body: request.body ? await request.arrayBuffer() : null,
          redirect: 'manual',
          signal: AbortSignal.timeout(GIVE_UP_MS),
        })
        const text = answer.status === 302 ? null : await answer.text()
        note(answer.status)
        if (answer.status === 401 && text?.includes('no_session'))
          said ??= (JSON.parse(text) as { reason?: string }).reason ?? ''
        return new Response(text, { status: answer.status, headers: answer.headers })
      } catch (error) {
        note(Date.now() - at >= GIVE_UP_MS ? -1 : 0)
        throw error
      }
    }

    const page = browser(through, origin)
    // A login that meets a fault is tried again as another session: nothing is known of it.
    const { status } =
      random.next() < 0.7
        ? (await page.navigate('/session/openid/start')).response
        : await page.post('/session/login', accounts.localAdmin)
    if (![200, 302].includes(status) || !page.cookies.has('session')) throw new Error('No login.')
    const cookie = page.cookies.get('session') ?? ''
    const call = () => page.get(API).catch(() => undefined)

    while (!isOver && said === undefined) {
      await sleep(random.between(100, 1_200))
      await Promise.all(Array.from({ length: random.between(1, 4) }, call))
      if (said === undefined && random.next() < logouts) {
        const answer = await page.post('/session/logout').catch(() => undefined)
        // Not confirmed: it may have ended, or not, and nobody holds the cookie any more.
        if (answer?.status !== 200) return
        done.push({ session, at: Date.now() })
        // Whoever has the cookie still has it.
        isAfterLogout = true
        for (let probes = 0; probes < PROBES && !isOver; probes++) {
          page.cookies.set('session', cookie)
          await Promise.all([call(), call(), call()])
          await sleep(random.between(100, 1_000))
        }
        return
      }
    }
    if (said !== undefined) losses.push({ session, at: Date.now(), reason: said })
  }

  return {
    calls,
    logouts: done,
    losses,
    start: (clients: number) => Promise.all(Array.from({ length: clients }, client)),
    stop() {
      isOver = true
    },
  }
}
