// @vitest-environment jsdom
import { act, type ReactNode, StrictMode, useEffect, useState, version } from 'react'
import { version as domVersion } from 'react-dom'
import { describe, expect, test } from 'vitest'
import type { Session, SessionUser } from 'xstate-session'
import { sessionStore } from 'xstate-session'
import {
  reasonTexts,
  SessionProvider,
  useReasonText,
  useSession,
  useSessionClient,
  useSessionFetch,
  useUser,
} from 'xstate-session/react'
import { ada, LEAD, LIFE, loggedIn, start } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

function State() {
  const { state, isPending, reason } = useSession()
  return <p>{`${state} ${isPending} ${reason}`}</p>
}

const page = (session: Session, tree: ReactNode = <State />) => (
  <SessionProvider session={session}>{tree}</SessionProvider>
)

test('these are the hooks on the React that is meant', () => {
  const major = process.env.REACT_MAJOR ?? '19'
  expect([version, domVersion].map((one) => one.split('.')[0])).toEqual([major, major])
})

describe.each(modes)('useSession, rendered %s', (_, wrap) => {
  test('follows the session', async () => {
    const { session, login, pass, strategy, ok } = start()
    const shown = await open(wrap(page(session)))
    expect(shown.text()).toBe('loggedOut false never')
    await settle(() => login())
    expect(shown.text()).toBe('active false null')
    await settle(() => pass(LIFE - 30_000))
    expect(shown.text()).toBe('refreshing false null')
    await settle(() => strategy.last().answer(ok()))
    expect(shown.text()).toBe('active false null')
    await settle(() => session.logout())
    expect(shown.text()).toBe('loggedOut false user')
    await settle(() => login())
    expect(shown.text()).toBe('active false null')
    expect(shown.complaints).toEqual([])
  })

  test('shows what changed between its render and its subscription', async () => {
    const { session, login } = start()
    function Impatient() {
      const { user } = useSession()
      const [hasAsked, setAsked] = useState(false)
      if (!hasAsked) setAsked(true)
      // A child's effect comes before the subscription of its parent.
      return (
        <>
          {user?.id ?? 'nobody'}
          <Early />
        </>
      )
    }
    function Early() {
      useEffect(() => void login(), [])
      return null
    }
    const shown = await open(wrap(page(session, <Impatient />)))
    expect(shown.text()).toBe('ada')
  })

  test('takes a selector that is written in line, and whatever it returns', async () => {
    const { session, login } = start()
    let renders = 0
    function Names() {
      renders++
      const { names } = useSession(({ user }) => ({ names: [user?.email, user?.role] }))
      return <p>{names.join(' and ')}</p>
    }
    const shown = await open(wrap(page(session, <Names />)))
    await settle(() => login())
    expect(shown.text()).toBe('ada@chat.example and ADMIN')
    expect(shown.complaints).toEqual([])
    expect(renders).toBeLessThan(10)
  })

  test('sees the value that a new selector selects at once', async () => {
    const { session } = await loggedIn()
    function Field({ name }: { name: 'email' | 'role' }) {
      return <p>{useSession(({ user }) => user?.[name])}</p>
    }
    const shown = await open(wrap(page(session, <Field name="email" />)))
    expect(shown.text()).toBe('ada@chat.example')
    await shown.render(wrap(page(session, <Field name="role" />)))
    expect(shown.text()).toBe('ADMIN')
  })

  test('stops listening with its component', async () => {
    const { session } = await loggedIn()
    let listening = 0
    const watched: Session = {
      ...session,
      subscribe(listener) {
        const stop = session.subscribe(listener)
        listening++
        return () => {
          listening--
          stop()
        }
      },
    }
    const shown = await open(wrap(page(watched)))
    expect(listening).toBe(1)
    await shown.unmount()
    expect(listening).toBe(0)
  })
})

describe('a selection', () => {
  test.each<[string, (state: { user: SessionUser | null }) => unknown]>([
    ['an object', ({ user }) => ({ id: user?.id })],
    ['an array', ({ user }) => [user?.id]],
    ['the user', ({ user }) => user],
  ])('that is %s is the same one while nothing in it changes', async (_name, select) => {
    const { session, strategy, ok } = await loggedIn()
    const seen: unknown[] = []
    function Selecting({ turn }: { turn: number }) {
      seen.push(useSession((state) => select(state)))
      return <p>{turn}</p>
    }
    const shown = await open(page(session, <Selecting turn={1} />))
    await settle(() => {
      void session.refresh().catch(() => {})
      return strategy.last().answer(ok(2, { user: { ...ada } }))
    })
    expect(session.getSnapshot().version).toBe(2)
    await shown.render(page(session, <Selecting turn={2} />))
    expect(seen.length).toBe(2)
    expect(new Set(seen).size).toBe(1)
  })

  test('that is no plain object is compared by identity', async () => {
    const { session, strategy, ok } = await loggedIn()
    const seen: unknown[] = []
    function Selecting() {
      seen.push(useSession(({ version }) => new Date(version)))
      return null
    }
    await open(page(session, <Selecting />))
    await settle(() => {
      void session.refresh()
      return strategy.last().answer(ok())
    })
    expect(seen.at(-1)).toEqual(new Date(2))
  })

  test('with a member more, or less, is another', async () => {
    const { session, login } = start()
    function Selecting() {
      const found = useSession(({ user }) => (user ? { id: user.id, more: undefined } : { id: undefined }))
      return <p>{Object.keys(found).join()}</p>
    }
    const shown = await open(page(session, <Selecting />))
    expect(shown.text()).toBe('id')
    await settle(() => login())
    expect(shown.text()).toBe('id,more')
    await settle(() => session.logout())
    expect(shown.text()).toBe(session.getSnapshot().user ? 'id,more' : 'id')
  })
})

describe('useUser', () => {
  function Who() {
    return <p>{useUser()?.id ?? 'nobody'}</p>
  }

  test('is whoever is logged in, and nobody after the end, whatever the end was', async () => {
    const { session, login, strategy, pass } = start()
    const shown = await open(page(session, <Who />))
    expect(shown.text()).toBe('nobody')
    await settle(() => login())
    expect(shown.text()).toBe('ada')
    await settle(() => login({ user: { id: 'bob' } }))
    expect(shown.text()).toBe('bob')
    strategy.always({ kind: 'rejected', reason: 'refreshRejected' })
    await settle(() => pass(LIFE - LEAD))
    expect(session.getSnapshot().state).toBe('expired')
    expect(shown.text()).toBe('nobody')
  })
})

describe('useSessionFetch', () => {
  test('is one function, so an effect that depends on it runs once', async () => {
    const { session, login, pass, strategy, ok, api } = start()
    await login()
    strategy.always(() => ok())
    const seen = new Set<unknown>()
    function Users() {
      const sessionFetch = useSessionFetch()
      const { version } = useSession()
      seen.add(sessionFetch)
      useEffect(() => void sessionFetch('/api/admin/users'), [sessionFetch])
      return <p>{version}</p>
    }
    const shown = await open(page(session, <Users />))
    await settle(() => pass(LIFE))
    expect(shown.text()).toBe('2')
    expect(seen.size).toBe(1)
    expect(api.bearers()).toEqual(['B1'])
  })
})

describe('useSessionClient', () => {
  test('is the session, to log in with', async () => {
    const { session, answer } = start()
    function Login() {
      const client = useSessionClient()
      return (
        <button type="button" onClick={() => void client.login(answer(), { provider: 'openid' })}>
          log in
        </button>
      )
    }
    const shown = await open(
      page(
        session,
        <>
          <Login />
          <State />
        </>,
      ),
    )
    await shown.click('log in')
    expect(shown.text()).toBe('log inactive false null')
  })
})

describe('the provider', () => {
  test('may be given another session', async () => {
    const first = await loggedIn()
    const second = start()
    function Who() {
      return <p>{useUser()?.id ?? 'nobody'}</p>
    }
    const shown = await open(page(first.session, <Who />))
    expect(shown.text()).toBe('ada')
    await shown.render(page(second.session, <Who />))
    expect(shown.text()).toBe('nobody')
    await settle(() => second.login({ user: { id: 'bob' } }))
    expect(shown.text()).toBe('bob')
    await settle(() => first.session.logout())
    expect(shown.text()).toBe('bob')
  })

  test('neither starts nor disposes the session, however often it is mounted', async () => {
    const { session, login } = start()
    for (let turn = 0; turn < 3; turn++) {
      const shown = await open(<StrictMode>{page(session)}</StrictMode>)
      await shown.unmount()
    }
    await login()
    expect(session.getSnapshot().state).toBe('active')
  })

  test('is missed with an error that says what to do', async () => {
    const shown = open(<State />)
    await expect(shown).rejects.toMatchObject({ code: 'misconfigured' })
    await expect(shown).rejects.toThrow(/<SessionProvider>/)
  })
})

describe('useReasonText', () => {
  function Reason() {
    return <p>{useReasonText() ?? 'no reason'}</p>
  }

  test('says why there is no session, in English', async () => {
    const { session, login } = start()
    const shown = await open(page(session, <Reason />))
    expect(shown.text()).toBe(reasonTexts.never)
    await settle(() => login())
    expect(shown.text()).toBe('no reason')
    await settle(() => session.logout())
    expect(shown.text()).toBe(reasonTexts.user)
  })

  test('is translated by the provider, reason by reason, and may change its language', async () => {
    const { session, login, strategy, pass } = await loggedIn()
    const tree = (texts: Partial<typeof reasonTexts>) => (
      <SessionProvider session={session} reasonTexts={texts}>
        <Reason />
      </SessionProvider>
    )
    const shown = await open(tree({ refreshRejected: 'Abgelaufen.' }))
    strategy.always({ kind: 'rejected', reason: 'refreshRejected' })
    await settle(() => pass(LIFE - LEAD))
    expect(shown.text()).toBe('Abgelaufen.')
    await shown.render(tree({ refreshRejected: 'Expirée.' }))
    expect(shown.text()).toBe('Expirée.')
    await settle(() => login())
    await settle(() => session.logout())
    expect(shown.text()).toBe(reasonTexts.user)
  })

  test('says nothing while it is not known whether there is a session', async () => {
    const { session } = start({
      store: sessionStore({ read: () => new Promise(() => {}), compareAndSet: async () => true }),
    })
    const shown = await open(page(session, <Reason />))
    expect(session.getSnapshot()).toMatchObject({ isPending: true })
    expect(shown.text()).toBe('no reason')
    await act(async () => session.dispose())
  })

  test('has a sentence for every reason', () => {
    for (const text of Object.values(reasonTexts)) expect(text).toMatch(/^[A-Z].*\.$/)
  })
})
