// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import type { Session } from 'xstate-session'
import {
  type SessionAction,
  SessionProvider,
  useLogout,
  useSession,
  useStaySignedIn,
} from 'xstate-session/react'
import { LEAD, LIFE, loggedIn, SECOND, start } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

/** A page with both actions, and every rendering of them. */
async function actions(session: Session, wrap: (typeof modes)[number][1]) {
  const stays: SessionAction[] = []
  const logouts: SessionAction[] = []
  function Actions() {
    stays.push(useStaySignedIn())
    logouts.push(useLogout())
    const state = useSession((it) => it.state)
    return <p>{state}</p>
  }
  const shown = await open(
    wrap(
      <SessionProvider session={session}>
        <Actions />
      </SessionProvider>,
    ),
  )
  const last = (all: SessionAction[]) => {
    const action = all.at(-1)
    if (!action) throw new Error('Nothing was rendered.')
    return action
  }
  return { shown, stays, logouts, stay: () => last(stays), logout: () => last(logouts) }
}

const flags = ({ status, isIdle, isPending, isSuccess, isError, error }: SessionAction) => ({
  status,
  flags: [isIdle, isPending, isSuccess, isError],
  error,
})
const idle = { status: 'idle', flags: [true, false, false, false], error: null }
const pending = { status: 'pending', flags: [false, true, false, false], error: null }
const success = { status: 'success', flags: [false, false, true, false], error: null }

describe.each(modes)('the actions, rendered %s', (_, wrap) => {
  test('"stay signed in" is pending until there is a new bearer', async () => {
    const { session, pass, strategy, ok, state } = await loggedIn({ refresh: 'prompt' })
    const { stay, shown } = await actions(session, wrap)
    await settle(() => pass(LIFE - LEAD))
    expect([state(), flags(stay())]).toEqual(['nearingExpiry', idle])
    await settle(stay().mutate)
    expect(flags(stay())).toEqual(pending)
    await settle(() => strategy.last().answer(ok()))
    expect([state(), flags(stay())]).toEqual(['active', success])
    await settle(stay().reset)
    expect(flags(stay())).toEqual(idle)
    expect(shown.complaints).toEqual([])
  })

  test('it is the user who asks: whoever was idle is at work again', async () => {
    const { session, signal, strategy, ok, pass } = await loggedIn()
    const { stay } = await actions(session, wrap)
    await signal('userIdle')
    await settle(() => pass(LIFE - LEAD))
    expect(session.getSnapshot().state).toBe('nearingExpiry')
    await settle(stay().mutate)
    expect(strategy.last().request.userActive).toBe(true)
    await settle(() => strategy.last().answer(ok()))
    expect(session.getSnapshot().state).toBe('active')
  })

  test('an error is shown with its code, and the next try forgets it', async () => {
    const { session, pass, watch, strategy, ok } = await loggedIn({ refresh: 'prompt' })
    const { stay } = await actions(session, wrap)
    await settle(() => pass(LIFE - SECOND))
    await settle(stay().mutate)
    await settle(() => watch(9 * SECOND))
    expect(flags(stay())).toMatchObject({
      status: 'error',
      flags: [false, false, false, true],
      error: { code: 'refresh_unavailable' },
    })
    await settle(stay().mutate)
    expect(flags(stay())).toEqual(pending)
    await settle(() => strategy.last().answer(ok()))
    expect(flags(stay())).toEqual(success)
  })

  test('the promise rejects with the same error', async () => {
    const { session } = start()
    const { stay } = await actions(session, wrap)
    await settle(() => expect(stay().mutateAsync()).rejects.toMatchObject({ code: 'logged_out' }))
    expect(stay().error).toMatchObject({ code: 'logged_out', reason: 'never' })
  })

  test('of two clicks the last one tells, and they cost one refresh', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const { stay } = await actions(session, wrap)
    await settle(() => pass(10 * SECOND))
    await settle(() => {
      stay().mutate()
      stay().mutate()
    })
    expect(flags(stay())).toEqual(pending)
    await settle(() => strategy.last().answer(ok()))
    expect(flags(stay())).toEqual(success)
    expect(strategy.attempts.length).toBe(1)
  })

  test('what was reset meanwhile tells nothing', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const { stay } = await actions(session, wrap)
    await settle(() => pass(10 * SECOND))
    await settle(stay().mutate)
    await settle(stay().reset)
    await settle(() => strategy.last().answer(ok()))
    expect(flags(stay())).toEqual(idle)
  })

  test('the functions are the same in every render', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const { stays, logouts, stay } = await actions(session, wrap)
    await settle(() => pass(10 * SECOND))
    await settle(stay().mutate)
    await settle(() => strategy.last().answer(ok()))
    const kept = stays.slice(wrap === modes[0]?.[1] ? 0 : 2)
    for (const name of ['mutate', 'mutateAsync', 'reset'] as const)
      expect(new Set(kept.map((one) => one[name])).size).toBe(1)
    expect(logouts.length).toBeGreaterThan(1)
  })

  test('logout ends the session at once, and is pending until the backend knows', async () => {
    let answer = (_: boolean) => {}
    const { session, state, strategy } = await loggedIn()
    Object.assign(strategy.strategy, {
      revoke: () =>
        new Promise<boolean>((resolve) => {
          answer = resolve
        }),
    })
    const { logout, shown } = await actions(session, wrap)
    await settle(logout().mutate)
    expect([state(), shown.text(), flags(logout())]).toEqual(['loggedOut', 'loggedOut', pending])
    await settle(() => answer(true))
    expect(flags(logout())).toEqual(success)
  })

  test('a component that is gone is not told', async () => {
    const { session, pass, strategy, ok } = await loggedIn()
    const { stay, shown } = await actions(session, wrap)
    await settle(() => pass(10 * SECOND))
    await settle(stay().mutate)
    await shown.unmount()
    await settle(() => strategy.last().answer(ok()))
    expect(shown.complaints).toEqual([])
  })
})
