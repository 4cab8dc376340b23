import { setTimeout as sleep } from 'node:timers/promises'
import { accounts } from '../../examples/backend/accounts.ts'
import type { Random } from '../proof/world/random.ts'
import { browser } from '../server/browser.ts'
import type { Fleet } from './fleet.ts'
import type { Call, Logout, Loss } from './history.ts'

const API = '/api/admin/users'
const GIVE_UP_MS = 20_000
/** What takes longer is not waited for: the client goes on beside it. */
const ROUND_MS = 2_500
const PROBES = 6

/** Clients with sessions, each calling through several processes at once, until told to stop. */
export function createWorkload(fleet: Fleet, origin: string, random: Random, logouts: number) {
  const calls: Call[] = []
  const done: Logout[] = []
  const losses: Loss[] = []
  const open = new Set<Promise<unknown>>()
  let isOver = false
  let last = 0
  let begun = 0

  /** One life after the other. */
  async function client(): Promise<void> {
    await sleep(random.between(0, 3_000))
    while (!isOver) {
      await live(++last).catch(() => sleep(random.between(500, 1_500)))
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
      const isProbe = isAfterLogout
      const note = (status: number) => {
        if (new URL(request.url).pathname === API)
          calls.push({ session, process: i, at, tookMs: Date.now() - at, status, isAfterLogout: isProbe })
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
        ? (await page.navigate('/session/login/start')).response
        : await page.post('/session/login', accounts.localAdmin)
    if (![200, 302].includes(status) || !page.cookies.has('session')) throw new Error('No login.')
    begun++
    const cookie = page.cookies.get('session') ?? ''
    const call = () => {
      const answer = page.get(API).catch(() => undefined)
      open.add(answer)
      answer.then(() => open.delete(answer))
      return answer
    }
    const burst = (most: number) => Promise.all(Array.from({ length: random.between(1, most) }, call))
    const round = (most: number) => Promise.race([burst(most), sleep(ROUND_MS)])

    while (!isOver && said === undefined) {
      await sleep(random.between(500, 4_500))
      const isLast = random.next() < logouts
      if (!isLast) {
        await round(3)
        continue
      }
      // While its calls are under way, and perhaps a refresh for them.
      void burst(3)
      await sleep(random.between(0, 100))
      const answer = await page.post('/session/logout').catch(() => undefined)
      // Not confirmed: it may have ended, or not, and nobody holds the cookie any more.
      if (answer?.status !== 200) return
      done.push({ session, at: Date.now() })
      // Whoever has the cookie still has it.
      isAfterLogout = true
      for (let probes = 0; probes < PROBES && !isOver; probes++) {
        page.cookies.set('session', cookie)
        await round(3)
        await sleep(random.between(100, 1_000))
      }
      return
    }
    if (said !== undefined) losses.push({ session, at: Date.now(), reason: said })
  }

  return {
    calls,
    logouts: done,
    losses,
    begun: () => begun,
    async start(clients: number): Promise<void> {
      await Promise.all(Array.from({ length: clients }, client))
      await Promise.all(open)
    },
    stop() {
      isOver = true
    },
  }
}
