import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createActor } from 'xstate'
import {
  createSessionLogic,
  inProcessCoordinator,
  memoryStore,
  type SessionNotice,
  sessionOf,
} from 'xstate-session'
import { backendLogout, cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { fakeClock } from '../fakeClock.ts'
import { json } from '../strategies/attempt.ts'
import { ada, BASE_URL, flush, LEAD, LIFE, SECOND } from './fixture.ts'

/** Every token of this file is made of it, so that a part of any of them is found. */
const secret = (name: string) => `${name}zQ9vK2mXw7Lp4Tj8Rb3Nc6Yd1Hf5Gs0${name}`
const bearer = (n: number) => secret(`BEARER${n}`)
const refresh = (n: number) => secret(`REFRESH${n}`)
const WINDOW = 8

/** All pieces of eight characters of all tokens. */
const windows = new Set<string>()
for (const n of [1, 2, 3, 4, 5, 9])
  for (const token of [bearer(n), refresh(n)])
    for (let at = 0; at + WINDOW <= token.length; at++) windows.add(token.slice(at, at + WINDOW))

function leaksOf(text: string): string[] {
  const found: string[] = []
  for (let at = 0; at + WINDOW <= text.length; at++) {
    const piece = text.slice(at, at + WINDOW)
    if (windows.has(piece)) found.push(text.slice(Math.max(0, at - 60), at))
  }
  return found
}

/** Every name and every string that can be reached from a value, whoever prints it and however deep. */
function reachable(value: unknown, known: WeakSet<object>, isToBeKnown = false): string {
  const texts: string[] = []
  const seen = new WeakSet<object>()
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const part = waiting.pop()
    if (typeof part === 'string') texts.push(part)
    if ((typeof part !== 'object' && typeof part !== 'function') || part === null) continue
    if (seen.has(part) || known.has(part)) continue
    ;(isToBeKnown ? known : seen).add(part)
    if (part instanceof Map) waiting.push(...part.keys(), ...part.values())
    if (part instanceof Set) waiting.push(...part)
    for (const key of Reflect.ownKeys(part)) {
      texts.push(String(key))
      try {
        waiting.push((part as Record<PropertyKey, unknown>)[key])
      } catch {
        // A getter that throws shows nothing.
      }
    }
  }
  return texts.join('\n')
}

/** What the usual ways to print a value show. */
function printed(value: unknown): string {
  const parts = [inspect(value, { depth: 10, maxStringLength: null }), String(value)]
  try {
    parts.push(JSON.stringify(value) ?? '')
  } catch {
    // Some values have no JSON.
  }
  if (value instanceof Error) parts.push(value.message, value.stack ?? '', printed(value.cause))
  return parts.join('\n')
}

const channels = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
let said: unknown[][]
beforeEach(() => {
  said = []
  for (const channel of channels)
    vi.spyOn(console, channel).mockImplementation((...parts) => void said.push(parts))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A session with every sink tapped, at a backend that answers as it is told. */
function tapped(provider: 'openid' | 'librechat') {
  const clock = fakeClock()
  const sinks: [string, string][] = []
  /** The definition of the chart: the same for every session, and searched once. */
  const known = new WeakSet<object>()
  const tap = (sink: string, value: unknown, print = true) =>
    sinks.push([sink, reachable(value, known) + (print ? printed(value) : '')])
  let renewals = 1
  let answer: (url: string) => Response = (url) => {
    if (!url.includes('refresh')) return new Response('{}')
    renewals++
    const body = {
      token: bearer(renewals),
      refreshToken: refresh(renewals),
      user: ada,
      expiresAt: clock.wall() + LIFE,
    }
    return json(body, { headers: { 'set-cookie': `refreshToken=${refresh(renewals)}; Path=/; HttpOnly` } })
  }
  const urls: string[] = []
  const options = {
    baseUrl: BASE_URL,
    strategies: { openid: openidStrategy({ backendLogout }), librechat: cookieStrategy() },
    clock,
    random: () => 0,
    coordinator: inProcessCoordinator({
      clock,
      hash: (text) => createHash('sha256').update(text).digest('hex'),
    }),
    store: memoryStore(),
    fetch: (async (input: RequestInfo | URL) => {
      const url = input instanceof Request ? input.url : String(input)
      urls.push(url)
      return answer(url)
    }) as typeof fetch,
    observe: (notice: SessionNotice) => tap('notice', notice),
    onListenerError: (reason: unknown) => tap('listener error', reason),
  }
  const actor = createActor(createSessionLogic(options), {
    inspect: (event) => tap(`inspection ${event.type}`, event, false),
  }).start()
  const session = sessionOf(actor)
  sinks.push(['definition', reachable(actor.logic, known, true)])
  session.subscribe((state) => tap('listener', state))
  const look = () => {
    tap('snapshot', session.getSnapshot())
    tap('machine snapshot', actor.getSnapshot(), false)
    tap('machine snapshot as JSON', JSON.stringify(actor.getSnapshot()))
    tap('persisted snapshot', actor.getPersistedSnapshot())
    tap('actor', actor, false)
    tap('session', session, false)
    tap('clone of the snapshot', structuredClone(session.getSnapshot()))
  }
  return {
    session,
    clock,
    urls,
    sinks,
    look,
    say(next: typeof answer) {
      answer = next
    },
    login: () =>
      session.login(
        { token: bearer(1), refreshToken: refresh(1), user: ada, expiresAt: clock.wall() + LIFE },
        { provider, tenantId: 'blue' },
      ),
    async pass(ms: number) {
      clock.advance(ms)
      await flush()
      look()
    },
    /** Lets a promise fail, and nobody's patience last for ever. */
    async failing(promise: Promise<unknown>) {
      const outcome = promise.then(
        () => 'none',
        (reason: unknown) => reason,
      )
      await this.pass(9 * SECOND)
      tap('error', await outcome)
    },
    found() {
      look()
      tap('session, printed', inspect(session, { depth: 10 }))
      for (const parts of said) tap('console', parts)
      for (const url of urls) tap('url', url)
      return sinks.flatMap(([sink, text]) => leaksOf(text).map((before) => `${sink}: …${before}█`))
    },
  }
}

describe('I15, X1 and X2 no part of a token is printed anywhere', () => {
  test.each(['openid', 'librechat'] as const)('of a whole life at %s', async (provider) => {
    const t = tapped(provider)
    await t.pass(0)
    await t.login()
    t.look()
    await t.session.fetch('/api/admin/users')
    // Renewed by the timer.
    await t.pass(LIFE - LEAD)
    expect(t.session.getSnapshot().version).toBe(2)
    // A 401, and one for the bearer that was just renewed.
    await t.pass(10 * SECOND)
    const renewing = (url: string) =>
      url.includes('refresh')
        ? json({ token: bearer(3), refreshToken: refresh(3), user: ada })
        : new Response(bearer(2), { status: 401 })
    t.say(renewing)
    await t.session.fetch('/api/admin/users', { headers: { authorization: `Bearer ${bearer(9)}` } })
    await t.pass(SECOND)
    // Failures that quote what was sent.
    const quoting = [
      () =>
        new Response(`{"error":"${refresh(3)} is bad"`, { headers: { 'content-type': 'application/json' } }),
      () => json({ error: refresh(3), error_code: refresh(3) }, { status: 401 }),
      () => new Response(refresh(3), { status: 500 }),
      () => new Response(null, { status: 302, headers: { location: `/login?token=${refresh(3)}` } }),
      () => json({ token: `${bearer(4)}\n`, refreshToken: refresh(4), user: ada }),
      () => json({ token: { [bearer(5)]: 1 }, refreshToken: [refresh(5)], user: bearer(5) }),
    ]
    for (const answer of quoting) {
      t.say(answer)
      await t.pass(10 * SECOND)
      await t.failing(t.session.refresh())
    }
    t.say(() => {
      throw new TypeError(`fetch failed for ${refresh(4)}`, { cause: new Error(bearer(4)) })
    })
    await t.pass(60 * SECOND)
    await t.failing(Promise.all([t.session.getToken().then(() => 'a bearer')]))
    await t.failing(t.session.logout())
    await t.pass(60 * SECOND)
    await t.failing(t.session.getToken())
    t.session.actorRef.stop()
    await t.failing(t.session.login({ token: bearer(9), user: ada }, { provider }))
    await t.pass(SECOND)
    expect(t.sinks.length).toBeGreaterThan(100)
    expect(new Set(t.sinks.map(([sink]) => sink.split(' ')[0]))).toEqual(
      new Set([
        'definition',
        'notice',
        'inspection',
        'listener',
        'snapshot',
        'machine',
        'persisted',
        'actor',
        'session',
        'clone',
        'error',
      ]),
    )
    expect(t.found()).toEqual([])
  })

  test('of logins that are refused', async () => {
    const t = tapped('openid')
    await t.pass(0)
    const logins = [
      { token: `${bearer(1)}\r\n`, user: ada },
      { token: bearer(1), refreshToken: { token: refresh(1) }, user: ada },
      { token: bearer(1), user: { email: refresh(1) } },
      { token: [bearer(1)], user: ada },
    ]
    for (const answer of logins) await t.failing(t.session.login(answer as never, { provider: 'openid' }))
    await t.failing(t.session.login({ token: bearer(1), user: ada }, { provider: bearer(9) }))
    await t.failing(
      t.session.login({ token: bearer(1), user: ada }, { provider: 'openid', tenantId: `${bearer(9)}!` }),
    )
    t.session.dispose()
    expect(t.found()).toEqual([])
  })

  test('of events sent to a session that is disposed: XState prints those', async () => {
    const t = tapped('openid')
    await t.login()
    await t.pass(LIFE - LEAD)
    t.session.dispose()
    await t.pass(LIFE)
    t.session.actorRef.send({ type: 'time.checked', at: t.clock.wall() })
    await t.failing(t.session.getToken())
    expect(t.found()).toEqual([])
  })

  test('the search finds what it is meant to find', () => {
    expect(leaksOf(printed({ deep: { down: [{ here: bearer(1) }] } }))).not.toEqual([])
    expect(
      leaksOf(printed(new Error('x', { cause: new Error(`…${refresh(2).slice(3, 11)}…`) }))),
    ).not.toEqual([])
    expect(leaksOf(printed(new Map([[refresh(3), 1]])))).not.toEqual([])
    expect(leaksOf(printed(refresh(4).slice(0, 7)))).toEqual([])
  })
})
