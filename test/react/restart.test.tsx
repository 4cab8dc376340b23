// @vitest-environment jsdom
import { createActorContext, useActorRef, useSelector } from '@xstate/react'
import { Activity, type ReactNode, useState } from 'react'
import { describe, expect, test } from 'vitest'
import { type ActorRefFrom, setup } from 'xstate'
import {
  createSessionLogic,
  memoryStore,
  type Session,
  type SessionOptions,
  type SessionSignal,
  sessionOf,
} from 'xstate-session'
import { selectSession, type sessionMachine } from 'xstate-session/machine'
import { SessionProvider, useUser } from 'xstate-session/react'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  BASE_URL,
  LEAD,
  LIFE,
  MINUTE,
  openid,
  outcomeOf,
  SECOND,
  stubApi,
  stubStrategy,
} from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

type Ref = ActorRefFrom<typeof sessionMachine>

/** The ways in which an application gives a session to a component that React hides and shows again. */
const ways = ['useActorRef', 'a context', 'a parent machine'] as const

/** A session's logic on a fake clock, and a page that hides and shows the component whose actor it is. */
async function page(
  way: (typeof ways)[number],
  wrap: (tree: ReactNode) => ReactNode,
  more: Partial<SessionOptions> = {},
) {
  const clock = fakeClock()
  const strategy = stubStrategy()
  let report: ((signal: SessionSignal) => void) | undefined
  const logic = createSessionLogic({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: stubApi().fetch,
    clock,
    random: () => 0,
    signals(listener) {
      report = listener
      return () => {
        report = undefined
      }
    },
    ...more,
  })
  const parent = setup({ actors: { session: logic } }).createMachine({
    invoke: { id: 'session', src: 'session' },
  })
  const Context = createActorContext(logic)
  let ref: Ref | undefined
  let setMode: (mode: 'visible' | 'hidden') => void = () => {}

  function Shown({ of }: { of: Ref }) {
    ref = of
    const { state, user } = useSelector(of, selectSession)
    return <p>{`${state} ${user?.id ?? 'nobody'}`}</p>
  }
  const Own = () => <Shown of={useActorRef(logic)} />
  const Shared = () => <Shown of={Context.useActorRef()} />
  function Child() {
    const child = useSelector(useActorRef(parent), ({ children }) => children.session)
    return child ? <Shown of={child as Ref} /> : null
  }
  function App() {
    const [mode, set] = useState<'visible' | 'hidden'>('visible')
    setMode = set
    return (
      <Activity mode={mode}>
        {way === 'useActorRef' && <Own />}
        {way === 'a context' && (
          <Context.Provider>
            <Shared />
          </Context.Provider>
        )}
        {way === 'a parent machine' && <Child />}
      </Activity>
    )
  }
  const shown = await open(wrap(<App />))
  const session = (): Session => sessionOf(ref as Ref)
  return {
    ...shown,
    clock,
    strategy,
    session,
    signal: (signal: SessionSignal) => settle(() => report?.(signal)),
    isListening: () => report !== undefined,
    hide: () => settle(() => setMode('hidden')),
    show: () => settle(() => setMode('visible')),
    pass: (ms: number) => settle(() => clock.advance(ms)),
    answer: (version: number) =>
      settle(() =>
        strategy.last().answer({
          kind: 'ok',
          bearer: `B${version}`,
          refreshToken: `R${version}`,
          life: { expiresAt: clock.wall() + LIFE },
        }),
      ),
    login: () =>
      settle(() =>
        session().login(
          { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE },
          openid,
        ),
      ),
  }
}

describe.each(modes)('U30: a session that is hidden and shown again, rendered %s', (_, wrap) => {
  describe.each(ways)('by %s', (way) => {
    test.each([
      ['without a store', () => ({})],
      ['with a store', () => ({ store: memoryStore() })],
    ])('has its tokens %s, and refreshes as before', async (__, more) => {
      const { login, session, hide, show, text, clock, pass, strategy, answer } = await page(
        way,
        wrap,
        more(),
      )
      await login()
      const before = session()
      const told: string[] = []
      before.subscribe(({ state }) => told.push(state))
      await hide()
      expect(clock.pending()).toEqual([])
      await show()
      expect(text()).toBe('active ada')
      expect(session()).toBe(before)
      expect(await session().getToken()).toBe('B1')
      await pass(LIFE - LEAD)
      expect(text()).toBe('refreshing ada')
      await answer(2)
      expect([text(), await session().getToken()]).toEqual(['active ada', 'B2'])
      expect(strategy.sent()).toEqual(['R1'])
      expect(told).toEqual(['refreshing', 'active'])
    })

    test('joins the refresh that is in the air: one send', async () => {
      const { login, hide, show, pass, strategy, answer, text, session } = await page(way, wrap)
      await login()
      await pass(LIFE - LEAD)
      await hide()
      await show()
      await hide()
      await show()
      expect(text()).toBe('refreshing ada')
      expect(strategy.sent()).toEqual(['R1'])
      await answer(2)
      expect([text(), await session().getToken()]).toEqual(['active ada', 'B2'])
    })

    test('has what came while it was hidden', async () => {
      const { login, hide, show, pass, strategy, answer, text, session } = await page(way, wrap)
      await login()
      await pass(LIFE - LEAD)
      await hide()
      await answer(2)
      await show()
      expect([text(), await session().getToken()]).toEqual(['active ada', 'B2'])
      expect(strategy.sent()).toEqual(['R1'])
    })

    test('counts a send whose answer nobody saw while it was hidden', async () => {
      const { login, hide, show, pass, strategy, text } = await page(way, wrap)
      await login()
      await pass(LIFE - LEAD)
      await hide()
      await settle(() => strategy.last().answer({ kind: 'unknown', cause: 'timeout', answered: false }))
      await show()
      await pass(SECOND)
      expect(text()).toBe('retrying ada')
      expect(strategy.sent()).toEqual(['R1'])
    })

    test('tells who waits that it was stopped, and who comes again what came of it', async () => {
      const { login, hide, show, pass, answer, session } = await page(way, wrap, { refresh: 'onDemand' })
      await login()
      await pass(LIFE)
      const waiter = outcomeOf(session().getToken())
      await settle(() => {})
      await hide()
      expect(waiter.error).toMatchObject({ code: 'disposed' })
      await answer(2)
      await show()
      expect(await session().getToken()).toBe('B2')
    })

    test('refreshes where its bearer ended while it was hidden', async () => {
      const { login, hide, show, pass, strategy, answer, session } = await page(way, wrap, {
        refresh: 'onDemand',
      })
      await login()
      await hide()
      await pass(LIFE)
      await show()
      const caller = outcomeOf(session().getToken())
      await settle(() => {})
      await answer(2)
      expect([caller.value, strategy.sent()]).toEqual(['B2', ['R1']])
    })
  })

  test.each([
    ['idle', { idleTimeoutMs: 30 * MINUTE }],
    ['absoluteLifetime', { absoluteLifetimeMs: 30 * MINUTE }],
  ])('ends by the limit that it passed while it was hidden: %s', async (reason, limit) => {
    const { login, hide, show, clock, text, session } = await page('useActorRef', wrap, limit)
    await login()
    await hide()
    clock.advance(30 * MINUTE)
    await show()
    expect([text(), session().getSnapshot().reason]).toEqual(['expired ada', reason])
    await expect(session().getToken()).rejects.toMatchObject({ code: 'session_expired', reason })
  })

  test('hears what its surroundings tell, whenever it is shown', async () => {
    const { login, hide, show, isListening, signal, pass, text } = await page('useActorRef', wrap)
    await login()
    await hide()
    expect(isListening()).toBe(false)
    await show()
    await signal('userIdle')
    await pass(LIFE)
    expect(text()).toBe('nearingExpiry ada')
    await signal('userActive')
    expect(text()).toBe('refreshing ada')
  })

  test('a logout while it is hidden is one at once, and when it is shown', async () => {
    const { login, hide, show, text, session, strategy } = await page('a parent machine', wrap)
    await login()
    const { logout, getSnapshot } = session()
    await hide()
    await settle(logout)
    expect(getSnapshot()).toMatchObject({ state: 'loggedOut', reason: 'user', isAuthenticated: false })
    expect(strategy.revoked).toMatchObject([{ cause: 'logout', refreshToken: 'R1' }])
    await show()
    expect(text()).toBe('loggedOut nobody')
    await login()
    expect(text()).toBe('active ada')
  })

  test('finds in its store what a peer has made of it meanwhile', async () => {
    const store = memoryStore()
    const { login, hide, show, text, session } = await page('useActorRef', wrap, { store })
    await login()
    await hide()
    const stored = (await store.read()) as never as { version: number }
    await store.compareAndSet(
      stored as never,
      { ...stored, version: 2, bearer: 'B2', refreshToken: 'R2' } as never,
    )
    await show()
    expect([text(), await session().getToken()]).toEqual(['active ada', 'B2'])
  })

  test('once it was disposed of, it stays so', async () => {
    for (const way of ways) {
      const { login, hide, show, session, unmount } = await page(way, wrap)
      await login()
      const one = session()
      await settle(one.dispose)
      await hide()
      await show()
      expect(one.getSnapshot()).toMatchObject({ state: 'loggedOut', isAuthenticated: false })
      await expect(one.getToken()).rejects.toMatchObject({ code: 'disposed' })
      await unmount()
    }
  })
})

test('U30: a provider of a session whose actor is hidden and shown goes on telling of it', async () => {
  const { login, hide, show, session, unmount } = await page('useActorRef', (tree) => tree)
  const Who = () => <p>{useUser()?.id ?? 'nobody'}</p>
  const bar = await open(
    <SessionProvider session={session()}>
      <Who />
    </SessionProvider>,
  )
  await login()
  await hide()
  await show()
  await settle(session().logout)
  expect(bar.text()).toBe('nobody')
  await unmount()
})

test.each([
  ['without a store: logged out', () => ({}), 'loggedOut nobody', undefined],
  ['with a store: the session in it', () => ({ store: memoryStore() }), 'active ada', 'B1'],
])(
  'U30: logic that is made anew under a running actor, as by Fast Refresh, %s',
  async (_, more, text, token) => {
    const options = more()
    const clock = fakeClock()
    const make = () =>
      createSessionLogic({
        baseUrl: BASE_URL,
        strategies: { openid: stubStrategy().strategy },
        fetch: stubApi().fetch,
        clock,
        refresh: 'prompt',
        ...options,
      })
    let ref: Ref | undefined
    function App({ logic }: { logic: ReturnType<typeof make> }) {
      ref = useActorRef(logic)
      const { state, user } = useSelector(ref, selectSession)
      return <p>{`${state} ${user?.id ?? 'nobody'}`}</p>
    }
    const shown = await open(<App logic={make()} />)
    const login = { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }
    await settle(() => sessionOf(ref as Ref).login(login, openid))
    expect(shown.text()).toBe('active ada')
    await shown.render(<App logic={make()} />)
    await settle(() => {})
    expect(shown.text()).toBe(text)
    expect(ref?.getSnapshot().context.policy).toBe('prompt')
    if (token) expect(await sessionOf(ref as Ref).getToken()).toBe(token)
    else await expect(sessionOf(ref as Ref).getToken()).rejects.toMatchObject({ code: 'logged_out' })
  },
)
