import { renderToString } from 'react-dom/server'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { BaseSession } from 'xstate-session'
import { type BffFacts, createBffSession } from 'xstate-session/bff'
import { SessionGuard, SessionProvider, useSessionFetch, useUser } from 'xstate-session/react'
import { accounts } from '../../examples/backend/accounts.ts'
import { PANEL, world } from '../server/world.ts'
import { open, settle } from './page.tsx'

// A document alone: with the whole environment of a page, what Node sends with would not know its own signals.
await vi.hoisted(async () => {
  const { JSDOM } = (await import('jsdom' as string)) as { JSDOM: new (html: string) => { window: Window } }
  const { window } = new JSDOM('')
  Object.assign(globalThis, { window, document: window.document })
})

const { email, password } = accounts.localAdmin

function Users() {
  const sessionFetch = useSessionFetch()
  return (
    <>
      <p>{useUser()?.email}</p>
      <button type="button" onClick={() => void sessionFetch('/api/admin/users')}>
        load
      </button>
    </>
  )
}

const tree = (session: BaseSession) => (
  <SessionProvider session={session}>
    <SessionGuard pending="pending" fallback="login">
      <Users />
    </SessionGuard>
  </SessionProvider>
)

test('a page is rendered and hydrated with the facts of its server, and asks nothing before its user does', async () => {
  const { serve } = await world()
  const { server, page } = serve()
  await page.post('/session/login', { email, password })

  const asked: string[] = []
  const browserFetch: typeof fetch = (input, init) => {
    const request = new Request(input, init)
    asked.push(`${request.method} ${new URL(request.url).pathname}`)
    return page.get(request.url, { headers: request.headers })
  }
  const sessionOf = (facts: BffFacts | null) => {
    const session = createBffSession({ baseUrl: PANEL, facts, fetch: browserFetch })
    onTestFinished(() => session.dispose())
    return session
  }

  // On the server: the facts are asked of its own endpoint, and written into the page beside the markup.
  const cookie = [...page.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answer = await server.handle(new Request(`${PANEL}/session/`, { headers: { cookie } }))
  const written = JSON.stringify(answer.status === 200 ? await answer.json() : null)
  const onServer = sessionOf(JSON.parse(written))
  const html = renderToString(tree(onServer))
  onServer.dispose()
  expect(html).toContain(email)

  // On the page.
  const session = sessionOf(JSON.parse(written))
  const shown = await open(tree(session), html)
  await settle(() => {})
  expect(shown.complaints).toEqual([])
  expect(shown.text()).toBe(`${email}load`)
  expect(asked).toEqual([])

  await shown.click('load')
  await expect.poll(() => asked).toEqual(['GET /api/admin/users'])
})
