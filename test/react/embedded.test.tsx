// @vitest-environment jsdom
import { createActorContext, useActorRef, useSelector } from '@xstate/react'
import { act, StrictMode } from 'react'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ActorRefFrom, createActor, setup } from 'xstate'
import { createSessionLogic, sessionOf } from 'xstate-session'
import { selectSession, type sessionMachine } from 'xstate-session/machine'
import { SessionProvider, useUser } from 'xstate-session/react'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, LEAD, LIFE, openid, start, stubApi, stubStrategy } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

type Ref = ActorRefFrom<typeof sessionMachine>

/** Actor logic on a fake clock, and a login for an actor of it. */
function logicOf() {
  const clock = fakeClock()
  const strategy = stubStrategy()
  const logic = createSessionLogic({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: stubApi().fetch,
    clock,
    random: () => 0,
  })
  const login = (ref: Ref) =>
    sessionOf(ref).login(
      { token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE },
      openid,
    )
  return { clock, strategy, logic, login }
}

describe.each(modes)('an application that embeds the actor, rendered %s', (_, wrap) => {
  test('runs it with useActorRef and reads it with useSelector', async () => {
    const { logic, login, clock, strategy } = logicOf()
    let ref: Ref | undefined
    let renders = 0
    function App() {
      renders++
      ref = useActorRef(logic)
      const isAuthenticated = useSelector(ref, (snapshot) => selectSession(snapshot).isAuthenticated)
      return (
        <>
          <p>{isAuthenticated ? 'in' : 'out'}</p>
          <State of={ref} />
        </>
      )
    }
    function State({ of }: { of: Ref }) {
      return <p>{useSelector(of, ({ value }) => value)}</p>
    }
    const shown = await open(wrap(<App />))
    expect(shown.text()).toBe('outloggedOut')
    await settle(() => ref && login(ref))
    expect(shown.text()).toBe('inactive')
    const before = renders
    await settle(() => clock.advance(LIFE - LEAD))
    expect(shown.text()).toBe('inrefreshing')
    expect(renders).toBe(before)
    await settle(() => strategy.last().answer({ kind: 'rejected', reason: 'refreshRejected' }))
    expect(shown.text()).toBe('outexpired')
    await shown.unmount()
    expect(clock.pending()).toEqual([])
    expect(shown.complaints).toEqual([])
  })

  test('shares it through a context', async () => {
    const { logic, login, clock } = logicOf()
    const Session = createActorContext(logic)
    let ref: Ref | undefined
    function Bar() {
      ref = Session.useActorRef()
      const id = Session.useSelector((snapshot) => selectSession(snapshot).user?.id)
      return <p>{`${id} ${Session.useSelector(({ value }) => value)}`}</p>
    }
    const shown = await open(
      wrap(
        <Session.Provider>
          <Bar />
        </Session.Provider>,
      ),
    )
    await settle(() => ref && login(ref))
    expect(shown.text()).toBe('ada active')
    await settle(() => ref && sessionOf(ref).logout())
    expect(shown.text()).toBe('undefined loggedOut')
    await shown.unmount()
    await act(async () => clock.advance(1_000))
    expect(clock.pending()).toEqual([])
  })
})

test('an application whose machine invokes the session hands it to the provider', async () => {
  const { logic, login } = logicOf()
  const app = setup({ actors: { session: logic } }).createMachine({
    invoke: { id: 'session', src: 'session' },
  })
  function Who() {
    return <p>{useUser()?.id ?? 'nobody'}</p>
  }
  const actor = createActor(app).start()
  onTestFinished(() => void actor.stop())
  const ref = actor.getSnapshot().children.session
  if (!ref) throw new Error('The session was not invoked.')
  const shown = await open(
    <StrictMode>
      <SessionProvider session={sessionOf(ref)}>
        <Who />
      </SessionProvider>
    </StrictMode>,
  )
  expect(shown.text()).toBe('nobody')
  await settle(() => login(ref))
  expect(shown.text()).toBe('ada')
})

test('a session that runs outside of React is read by useSelector as by the hooks of this package', async () => {
  const { session, login, pass } = start()
  let renders = 0
  function Both() {
    renders++
    const id = useSelector(session.actorRef, (snapshot) => selectSession(snapshot).user?.id)
    return <p>{`${id} ${useUser()?.id}`}</p>
  }
  const shown = await open(
    <SessionProvider session={session}>
      <Both />
    </SessionProvider>,
  )
  await settle(() => login())
  expect(shown.text()).toBe('ada ada')
  const before = renders
  await settle(() => pass(LIFE - LEAD))
  expect([session.getSnapshot().state, renders]).toEqual(['refreshing', before])
  await settle(() => session.logout())
  expect(shown.text()).toBe('undefined undefined')
})
