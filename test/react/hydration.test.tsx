// @vitest-environment jsdom
import { lazy, type ReactNode, Suspense, useState } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { BaseSession } from 'xstate-session'
import { type BffFacts, type BffSessionOptions, createBffSession } from 'xstate-session/bff'
import {
  SessionGuard,
  SessionProvider,
  useExpiryCountdown,
  useLogout,
  useReasonText,
  useSession,
  useStaySignedIn,
  useUser,
} from 'xstate-session/react'
import { type FakeClock, fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, LIFE, SECOND, stubApi } from '../session/fixture.ts'
import { modes, open, renderCounts, settle } from './page.tsx'

const { count, take } = renderCounts()

function App() {
  return (
    <SessionGuard pending={<i>pending</i>} fallback={<Login />}>
      <Bar />
    </SessionGuard>
  )
}

function Login() {
  return <p>{useReasonText()}</p>
}

function Bar() {
  count('Bar')
  const { state, user } = useSession(({ state, user }) => ({ state, user }))
  const { isPending } = useStaySignedIn()
  const { isIdle } = useLogout()
  return (
    <>
      <p>{`${state} ${user?.name} ${isPending} ${isIdle}`}</p>
      <p>{useUser()?.email}</p>
      <Countdown />
      <End />
    </>
  )
}

function Countdown() {
  return <b>{useExpiryCountdown()}</b>
}

/** An instant is known to one clock only. */
function End() {
  return <b>{useSession(({ expiresAt }) => expiresAt) ?? 'some time'}</b>
}

/** A session as the server makes one to render with, or as its page does: from the same facts. */
function sessionOf(facts: BffSessionOptions['facts'], clock: FakeClock) {
  const api = stubApi(() => new Promise<Response>(() => {}))
  const session = createBffSession({
    baseUrl: BASE_URL,
    ...(facts !== undefined && { facts }),
    fetch: api.fetch,
    clock,
    random: () => 0,
  })
  onTestFinished(() => session.dispose())
  return { session, api }
}

const tree = (session: BaseSession, children: ReactNode = <App />) => (
  <SessionProvider session={session}>{children}</SessionProvider>
)

function rendered(facts: BffFacts | null | undefined, children?: ReactNode) {
  const clock = fakeClock()
  const { session } = sessionOf(facts, clock)
  const html = renderToString(tree(session, children))
  session.dispose()
  if (facts !== undefined) expect(clock.pending()).toEqual([])
  return html
}

const factsOf = (serverNow: number): BffFacts => ({
  user: { ...ada, name: 'Ada' },
  login: 'A'.repeat(43),
  epoch: 3,
  version: 2,
  expiresAt: serverNow + LIFE,
  serverNow,
})

/** What the page shows from the first to the last moment, one text for each change. */
function watch() {
  const seen: string[] = []
  const observer = new MutationObserver(() => seen.push(document.body.textContent ?? ''))
  observer.observe(document.body, { childList: true, subtree: true, characterData: true })
  onTestFinished(() => observer.disconnect())
  return seen
}

describe.each(modes)('a page with the facts of its server, hydrated %s', (_, wrap) => {
  test('is what the server rendered: no mismatch, no flash, and nothing is asked', async () => {
    const html = rendered(factsOf(1_000))
    expect(html).toContain('active Ada false true')
    expect(html).toContain('some time')

    const clock = fakeClock(Date.UTC(2026, 5, 1))
    const { session, api } = sessionOf(factsOf(1_000), clock)
    const seen = watch()
    const shown = await open(wrap(tree(session)), html)
    expect(shown.complaints).toEqual([])
    expect(shown.text()).toBe(`active Ada false trueada@chat.example900${clock.wall() + LIFE}`)
    await settle(() => {})
    expect(api.calls).toEqual([])
    // The page itself is never another one: only the instants come after.
    expect(new Set(seen.map((text) => text.slice(0, 36)))).toEqual(
      new Set(['active Ada false trueada@chat.exampl']),
    )
  })

  test('keeps the nodes of the server, and renders again only what shows an instant', async () => {
    const html = rendered(factsOf(0))
    const clock = fakeClock()
    const { session } = sessionOf(factsOf(0), clock)
    take()
    const probe = document.createElement('div')
    probe.innerHTML = html
    const shown = await open(wrap(tree(session)), html)
    expect(shown.container.querySelectorAll('*').length).toBe(probe.querySelectorAll('*').length)
    expect(take().Bar).toBe(wrap === modes[0]?.[1] ? 1 : 2)
  })

  test('counts down from the time of the server, however wrong its own clock is', async () => {
    const serverNow = Date.UTC(2030, 0, 1)
    const html = rendered(factsOf(serverNow))
    const clock = fakeClock(Date.UTC(2020, 0, 1))
    const { session } = sessionOf(factsOf(serverNow), clock)
    const shown = await open(wrap(tree(session)), html)
    expect(shown.container.querySelector('b')?.textContent).toBe('900')
    await settle(() => clock.advance(5 * SECOND))
    expect(shown.container.querySelector('b')?.textContent).toBe('895')
  })

  test('shows the login page where nobody is logged in, at once', async () => {
    const html = rendered(null)
    const clock = fakeClock()
    const { session, api } = sessionOf(null, clock)
    const seen = watch()
    const shown = await open(wrap(tree(session)), html)
    expect(shown.text()).toBe('Please sign in.')
    expect(shown.complaints).toEqual([])
    expect(api.calls).toEqual([])
    expect(seen.every((text) => text === 'Please sign in.')).toBe(true)
  })

  test('without facts is pending, on the server and on the page, until the answer', async () => {
    const html = rendered(undefined)
    expect(html).toBe('<i>pending</i>')
    const clock = fakeClock()
    const { session, api } = sessionOf(undefined, clock)
    const shown = await open(wrap(tree(session)), html)
    expect(shown.text()).toBe('pending')
    expect(shown.complaints).toEqual([])
    expect(api.calls.length).toBe(1)
  })

  test('U81: begins with what the session was created as, where it has settled before it is hydrated', async () => {
    const html = rendered(factsOf(0))
    const { session } = sessionOf(factsOf(0), fakeClock())
    await settle(() => {})
    await settle(() => void session.logout())
    expect(session.getSnapshot().state).toBe('loggedOut')
    expect(session.getInitialSnapshot()).toMatchObject({ state: 'active', isAuthenticated: true })
    const shown = await open(wrap(tree(session)), html)
    expect(shown.complaints).toEqual([])
    expect(shown.text()).toBe('You have signed out.')
  })

  test('may be hydrated in parts: a late part begins with what the server rendered', async () => {
    function Part() {
      const { state } = useSession()
      return <u>{state}</u>
    }
    const suspended = (part: ReactNode) => <Suspense fallback={<i>loading</i>}>{part}</Suspense>
    const html = rendered(factsOf(0), suspended(<Part />))
    expect(html).toContain('<u>active</u>')

    const clock = fakeClock()
    const { session } = sessionOf(factsOf(0), clock)
    let arrive = () => {}
    const Late = lazy(
      () =>
        new Promise<{ default: typeof Part }>((resolve) => {
          arrive = () => resolve({ default: Part })
        }),
    )
    const shown = await open(wrap(tree(session, suspended(<Late />))), html)
    await settle(() => void session.logout())
    expect(shown.text()).toBe('active')
    await settle(arrive)
    expect(shown.text()).toBe('loggedOut')
    expect(shown.complaints).toEqual([])
  })
})

describe('a server that renders', () => {
  test('keeps the pages of its users apart', async () => {
    const clock = fakeClock()
    const pages = Array.from({ length: 50 }, (_, at) => {
      const { session } = sessionOf({ ...factsOf(0), user: { id: `u${at}`, email: `u${at}@x` } }, clock)
      return tree(session)
    })
    const html = pages.map((page) => renderToString(page))
    for (const [at, one] of html.entries()) expect(one.match(/u\d+@x/g)).toEqual([`u${at}@x`])
  })

  test('sees a component that keeps state of its own, too', () => {
    function Own() {
      const [user] = useState(useUser())
      return <p>{user?.id}</p>
    }
    expect(rendered(factsOf(0), <Own />)).toBe('<p>ada</p>')
  })
})
