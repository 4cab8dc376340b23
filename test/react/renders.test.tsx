// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import type { Session } from 'xstate-session'
import {
  SessionGuard,
  SessionProvider,
  useExpiryCountdown,
  useLogout,
  useReasonText,
  useSession,
  useSessionFetch,
  useStaySignedIn,
  useUser,
} from 'xstate-session/react'
import { ada, LEAD, LIFE, loggedIn, SECOND } from '../session/fixture.ts'
import { open, renderCounts, settle } from './page.tsx'

const { count, take } = renderCounts()

function App() {
  count('App')
  useSessionFetch()
  return (
    <SessionGuard fallback={<Reason />}>
      <Bar />
      <Page />
    </SessionGuard>
  )
}

function Bar() {
  count('Bar')
  return (
    <>
      <User />
      <State />
      <Usable />
      <Countdown />
      <Another />
      <Actions />
    </>
  )
}

function User() {
  count('User')
  return <p>{useUser()?.id}</p>
}

function State() {
  count('State')
  return <p>{useSession(({ state }) => state)}</p>
}

function Usable() {
  count('Usable')
  return <p>{useSession(({ isUsable, reason }) => ({ isUsable, reason })).isUsable && 'usable'}</p>
}

function Countdown() {
  count('Countdown')
  return <p>{useExpiryCountdown()}</p>
}

function Another() {
  count('Another')
  return <p>{useExpiryCountdown()}</p>
}

function Actions() {
  count('Actions')
  const stay = useStaySignedIn()
  const { mutate: logout } = useLogout()
  return (
    <>
      <button type="button" disabled={stay.isPending} onClick={stay.mutate}>
        stay
      </button>
      <button type="button" onClick={logout}>
        log out
      </button>
    </>
  )
}

function Reason() {
  count('Reason')
  return <p>{useReasonText()}</p>
}

function Page() {
  count('Page')
  return <p>page</p>
}

const tree = (session: Session) => (
  <SessionProvider session={session}>
    <App />
  </SessionProvider>
)

describe('P13 what renders again', () => {
  test('on a tick: what shows the countdown, once', async () => {
    const { session, pass } = await loggedIn()
    await open(tree(session))
    take()
    await settle(() => pass(SECOND))
    expect(take()).toEqual({ Countdown: 1, Another: 1 })
    for (let tick = 0; tick < 60; tick++) await settle(() => pass(SECOND))
    expect(take()).toEqual({ Countdown: 60, Another: 60 })
  })

  test('on a change of state: what selects it, once', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const shown = await open(tree(session))
    await settle(() => pass(LIFE - LEAD - SECOND))
    take()
    // From `active` to `refreshing`, as a second is full.
    await settle(() => pass(SECOND))
    expect(session.getSnapshot().state).toBe('refreshing')
    expect(take()).toEqual({ State: 1, Countdown: 1, Another: 1 })
    // Renewed: the same user, as another object; another end.
    await settle(() => strategy.last().answer(ok(2, { user: { ...ada } })))
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(take()).toEqual({ State: 1, Countdown: 1, Another: 1 })
    // A changed profile.
    await settle(() => session.refresh({ by: 'force' }).catch(() => {}))
    expect(take()).toEqual({})
    await settle(() => pass(LIFE - LEAD))
    take()
    await settle(() => strategy.last().answer(ok(3, { user: { ...ada, role: 'USER' } })))
    expect(take()).toEqual({ User: 1, State: 1, Countdown: 1, Another: 1 })
    expect(shown.complaints).toEqual([])
  })

  test('on a change that nobody selects: nothing', async () => {
    const { session, signal } = await loggedIn()
    await open(tree(session))
    take()
    await settle(() => signal('userActive'))
    await settle(() => signal('networkRestored'))
    expect(take()).toEqual({})
  })

  test('when only what is around the provider renders: what shows a text', async () => {
    const { session } = await loggedIn()
    const app = <App />
    const around = (text: string) => (
      <SessionProvider session={session} reasonTexts={{ user: text }}>
        {app}
      </SessionProvider>
    )
    const shown = await open(around('one'))
    take()
    await shown.render(around('two'))
    expect(take()).toEqual({})
    await settle(() => session.logout())
    take()
    await shown.render(around('three'))
    expect(take()).toEqual({ Reason: 1 })
  })

  test('while an action runs: what shows it', async () => {
    const { session, pass, strategy, ok } = await loggedIn({ refresh: 'prompt' })
    const shown = await open(tree(session))
    await settle(() => pass(10 * SECOND))
    take()
    await shown.click('stay')
    expect(take()).toEqual({ State: 1, Actions: 1 })
    await settle(() => strategy.last().answer(ok()))
    expect(take()).toMatchObject({ State: 1, Actions: 1 })
  })

  test('at the end: the guard and its fallback, not what it kept from view', async () => {
    const { session } = await loggedIn()
    await open(tree(session))
    take()
    await settle(() => session.logout())
    expect(take()).toEqual({ Reason: 1 })
  })
})
