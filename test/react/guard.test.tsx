// @vitest-environment jsdom
import { useState } from 'react'
import { describe, expect, test } from 'vitest'
import { memoryStore, type Session } from 'xstate-session'
import { SessionGuard, SessionProvider } from 'xstate-session/react'
import { LEAD, LIFE, loggedIn, MINUTE, start } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

function Draft() {
  const [text, setText] = useState('empty')
  return (
    <>
      <p>{text}</p>
      <button type="button" onClick={() => setText('written')}>
        write
      </button>
    </>
  )
}

const page = (session: Session, children = <i>page</i>) => (
  <SessionProvider session={session}>
    <SessionGuard pending={<i>pending</i>} fallback={<i>login</i>}>
      {children}
    </SessionGuard>
  </SessionProvider>
)

describe.each(modes)('the guard, rendered %s', (_, wrap) => {
  test('shows a pending view, never the login page, until it is known who is logged in', async () => {
    const store = memoryStore()
    await loggedIn({ store })
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    const { session } = start({ store: { ...store, read: () => asked.then(() => store.read()) } })
    const shown = await open(wrap(page(session)))
    expect(shown.text()).toBe('pending')
    await settle(answer)
    expect(shown.text()).toBe('page')
  })

  test('shows the fallback where nobody is logged in, and the page after the login', async () => {
    const { session, login } = start()
    const shown = await open(wrap(page(session)))
    expect(shown.text()).toBe('login')
    await settle(() => login())
    expect(shown.text()).toBe('page')
    await settle(() => session.logout())
    expect(shown.text()).toBe('login')
  })

  test('shows nothing where nothing is given', async () => {
    const { session } = start()
    const shown = await open(
      wrap(
        <SessionProvider session={session}>
          <SessionGuard>page</SessionGuard>
        </SessionProvider>,
      ),
    )
    expect(shown.text()).toBe('')
  })

  test('keeps the page through a refresh, an outage, and a login of the same user', async () => {
    const { session, login, pass, strategy, state } = await loggedIn()
    const shown = await open(wrap(page(session, <Draft />)))
    await shown.click('write')
    await settle(() => pass(LIFE - LEAD))
    expect(state()).toBe('refreshing')
    expect(shown.text()).toContain('written')
    await settle(() => strategy.last().answer({ kind: 'refused', cause: 'network' }))
    expect(state()).toBe('retrying')
    await settle(() => pass(MINUTE))
    expect(session.getSnapshot()).toMatchObject({ isUsable: false, isAuthenticated: true })
    expect(shown.text()).toContain('written')
    await settle(() => login())
    expect(state()).toBe('active')
    expect(shown.text()).toContain('written')
  })

  test.each([
    ['another user', { user: { id: 'bob' } }, {}],
    [
      'the user of that id in another tenant',
      { user: { id: 'ada', tenantId: 'acme' } },
      { tenantId: 'acme' },
    ],
  ] as const)('X18 starts the page anew for %s', async (_name, answer, as) => {
    const { session, login } = await loggedIn()
    const shown = await open(wrap(page(session, <Draft />)))
    await shown.click('write')
    await settle(() => login(answer, as))
    expect(shown.text()).toContain('empty')
  })

  test('shows the fallback as the session expires', async () => {
    const { session, pass, strategy } = await loggedIn()
    strategy.always({ kind: 'rejected', reason: 'refreshRejected' })
    const shown = await open(wrap(page(session)))
    await settle(() => pass(LIFE - LEAD))
    expect(shown.text()).toBe('login')
  })
})
