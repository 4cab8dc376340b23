import type { Place } from '../proof/world/place.ts'
import type { Random } from '../proof/world/random.ts'
import { codeFor } from './backend.ts'
import type { Court } from './court.ts'
import { type Fleet, PANEL } from './fleet.ts'
import type { Family } from './provider.ts'
import type { Time } from './time.ts'

export interface VisitorOptions {
  readonly time: Time
  readonly court: Court
  readonly fleet: Fleet
  readonly seat: number
  readonly random: Random
  /** Through the identity provider, or with a password. */
  readonly way: 'openid' | 'password'
  /** The grant that a login has started. */
  readonly grantOf: (login: string) => Family | undefined
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const PROBES = 3

/** A user of the fleet: a cookie, and requests through whichever process. */
export function createVisitor(options: VisitorOptions) {
  const { time, court, fleet, seat, random, way, grantOf } = options
  let cookies = new Map<string, string>()
  let family: Family | undefined
  let seenAt = 0
  let shiftEndsAt = 0
  let liveSince: number | undefined
  let liveMs = 0
  let isOver = false
  let logins = 0

  function live(isLive: boolean): void {
    if (isLive) liveSince ??= time.now()
    else if (liveSince !== undefined) {
      liveMs += time.now() - liveSince
      liveSince = undefined
    }
  }

  /** The login that its page believes in, by its public name. */
  let believed: string | undefined

  function requestOf(method: string, path: string, body?: object, navigates = false): Request {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const login = path === '/session/login' ? '1' : (believed ?? '1')
    return new Request(`${PANEL}${path}`, {
      method,
      headers: {
        ...(cookie && { cookie }),
        ...(navigates ? { 'sec-fetch-mode': 'navigate' } : { 'x-csrf': login, 'x-user-activity': '1' }),
        'content-type': 'application/json',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  }

  function keep(answer: Response | undefined): void {
    for (const line of answer?.headers.getSetCookie() ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }

  const anyProcess = () => random.between(0, 99)
  const placeOf = (i: number) => fleet.places()[i % fleet.places().length] as Place
  const sessionCookie = () => [...cookies].find(([name]) => name.endsWith('session'))?.[1]

  function login(): void {
    const name = `${seat}.${random.between(1, 2)}.${++logins}`
    const i = anyProcess()
    const place = placeOf(i)
    court.trace.note(seat, `logs in (${way})`)
    // The next session of a browser ends the one before.
    const before = family
    const wasLeaving = before?.isLeaving === true
    if (before) before.isLeaving = true
    const done = (answer: Response | undefined) => {
      const old = sessionCookie()
      keep(answer)
      if (sessionCookie() === old) {
        // A login that was refused leaves the session there was; of one without an answer nobody knows.
        if (before && answer) before.isLeaving = wasLeaving
        return
      }
      if (way === 'password') learn(answer, () => {})
      family = grantOf(name)
      if (family) court.loggedIn({ seat, place, tab: seat }, family)
      seenAt = time.now()
      live(true)
    }
    if (way === 'password') {
      fleet.ask(i, requestOf('POST', '/session/login', { email: `${name}@x`, password: 'p' }), done)
      return
    }
    look(i, () => {
      const purpose = believed && { purpose: 'switchUser' }
      fleet.ask(i, requestOf('POST', '/session/login/start', { ...purpose }), (start) => {
        keep(start)
        if (start?.status !== 200) return done(start ?? new Response(null, { status: 503 }))
        const back = requestOf('GET', `/auth/openid/callback?code=${codeFor(name)}`, undefined, true)
        fleet.ask(i, back, (answer) => {
          done(answer)
          look(i, () => {})
        })
      })
    })
  }

  /** Its page asks who is logged in. */
  function look(i: number, then: () => void): void {
    believed = undefined
    fleet.ask(i, requestOf('GET', '/session/'), (answer) => learn(answer, then))
  }

  /** Takes facts out of an answer. Waits for the platform, while time stands still. */
  function learn(answer: Response | undefined, then: () => void): void {
    time.at(time.now(), async () => {
      const facts = answer?.status === 200 ? await answer.json().catch(() => ({})) : {}
      const { login } = facts as { readonly login?: string }
      believed = login ?? believed
      then()
    })
  }

  /** The session is over, or never was. */
  async function lost(answer: Response, of: Family | undefined, before: number): Promise<void> {
    // What the backend answered may be cut off on its way.
    const { error, reason } = (await answer.json().catch(() => ({}))) as { error?: string; reason?: string }
    if (error !== 'no_session' || !of || of !== family) return
    family = undefined
    cookies = new Map()
    live(false)
    court.expired(seat, of, (reason ?? '') as never, before)
  }

  function call(i: number): void {
    const of = family
    const before = seenAt
    const at = time.now()
    const place = placeOf(i)
    const roll = random.next()
    // Nobody is there to answer.
    if (!place.isAlive()) return
    const one = court.call({ seat, place, tab: seat }, 'request', of)
    const named = believed
    const path =
      roll < 0.75
        ? `/api/admin/users?call=${one.id}`
        : roll < 0.85
          ? '/session/'
          : roll < 0.95
            ? '/session/verify'
            : '/session/refresh'
    fleet.ask(i, requestOf(path.endsWith('refresh') ? 'POST' : 'GET', path), (answer) => {
      if (place.isAlive()) court.settled(one, String(answer?.status ?? 'no answer'))
      // What a server could not write down, it has not seen; nor what is done in the name of another login.
      const seen = (isMine: boolean) => {
        if (isMine) seenAt = Math.max(seenAt, at)
      }
      if (answer?.status === 200) {
        if (path === '/session/') learn(answer, () => seen(named === believed))
        else seen(named !== undefined)
      }
      // As a page does that hears that somebody else is logged in.
      if (answer?.status === 409) look(i, () => {})
      if (answer?.status !== 401) return
      time.at(time.now(), () => lost(answer, of, before))
    })
  }

  function logout(): void {
    const of = family
    const cookie = new Map(cookies)
    if (!of) return
    of.isLeaving = true
    court.trace.note(seat, `logs out of grant ${of.id}`)
    fleet.ask(anyProcess(), requestOf('POST', '/session/logout'), (answer) => {
      family = undefined
      cookies = new Map()
      live(false)
      if (answer?.status !== 200) return
      court.confirmed('user', of)
      // Whoever has the cookie still has it.
      for (let n = 1; n <= PROBES; n++)
        time.at(time.now() + n * 700, () => {
          const mine = cookies
          const i = anyProcess()
          const probe = court.call({ seat, place: placeOf(i), tab: seat }, 'request', of)
          cookies = new Map(cookie)
          const request = requestOf('GET', `/api/admin/users?call=${probe.id}`)
          cookies = mine
          fleet.ask(i, request, (answer) => {
            if (answer?.status === 200) court.served(probe, of)
            court.settled(probe, String(answer?.status ?? 'no answer'))
          })
        })
    })
  }

  function act(): void {
    const count = random.between(1, 3)
    const roll = random.next()
    const nextMs = Math.round(-Math.log(1 - random.next()) * HOUR)
    const awayMs = random.between(20 * MINUTE, 12 * HOUR)
    const shiftMs = random.between(30 * MINUTE, 5 * HOUR)
    if (isOver) return
    if (time.now() >= shiftEndsAt) {
      shiftEndsAt = time.now() + awayMs + shiftMs
      time.at(time.now() + awayMs, act)
      return
    }
    time.at(time.now() + nextMs, act)
    if (!sessionCookie() || !family || roll > 0.99) login()
    else if (roll < 0.015) logout()
    else {
      for (let n = 0; n < count; n++) call(anyProcess())
    }
  }

  return {
    start(): void {
      shiftEndsAt = time.now() + random.between(30 * MINUTE, 5 * HOUR)
      time.at(time.now() + random.between(0, 10 * MINUTE), act)
    },
    dispose(): void {
      live(false)
      isOver = true
    },
    liveMs: () => liveMs,
    families: () => (family ? [family] : []),
  }
}

export type Visitor = ReturnType<typeof createVisitor>
