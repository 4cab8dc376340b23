// @vitest-environment jsdom
import { Activity } from 'react'
import { describe, expect, test } from 'vitest'
import { type BffFacts, createBffSession } from 'xstate-session/bff'
import { SessionProvider, useUser } from 'xstate-session/react'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, LIFE, SECOND, stubApi } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

const facts: BffFacts = {
  user: ada,
  login: 'A'.repeat(43),
  epoch: 3,
  version: 2,
  expiresAt: LIFE,
  serverNow: 0,
}

const User = () => <p>{useUser()?.email ?? 'nobody'}</p>

/** A panel whose provider makes its session from the facts of a loader. */
function panel() {
  const clock = fakeClock()
  const api = stubApi(() => Response.json({ error: 'no_session' }, { status: 401 }))
  const made: ReturnType<typeof createBffSession>[] = []
  const make = () => {
    const session = createBffSession({ baseUrl: BASE_URL, facts, clock, fetch: api.fetch })
    made.push(session)
    return session
  }
  const living = () => made.filter(({ actorRef }) => actorRef.getSnapshot().status === 'active').length
  // Written in line, as everybody does.
  const tree = () => (
    <SessionProvider session={() => make()}>
      <User />
    </SessionProvider>
  )
  return { clock, api, made, living, tree }
}

describe.each(modes)('U82: a session that its provider has made, %s', (_, wrap) => {
  test('lives as long as the provider, however often that renders', async () => {
    const { clock, made, living, tree } = panel()
    const page = await open(wrap(tree()))
    const count = made.length
    await page.render(wrap(tree()))
    await settle(() => clock.advance(60 * SECOND))
    expect([made.length, living(), page.text()]).toEqual([count, 1, ada.email])
    await page.unmount()
    await settle(() => clock.advance(0))
    expect(living()).toBe(0)
    expect(clock.pending()).toEqual([])
    expect(page.complaints).toEqual([])
  })

  test('is another one where <Activity> shows the provider again, and that asks who is there', async () => {
    const { clock, api, living, tree } = panel()
    const shown = (mode: 'visible' | 'hidden') => wrap(<Activity mode={mode}>{tree()}</Activity>)
    const page = await open(shown('visible'))
    await page.render(shown('hidden'))
    await settle(() => clock.advance(60 * SECOND))
    expect([living(), api.calls.length]).toEqual([0, 0])
    await page.render(shown('visible'))
    await settle(() => {})
    expect([living(), page.text()]).toEqual([1, 'nobody'])
    expect(api.calls.length).toBeGreaterThan(0)
    expect(page.complaints).toEqual([])
  })
})

test('a session that becomes a function is refused in a sentence', async () => {
  const { made, tree } = panel()
  const session = createBffSession({ baseUrl: BASE_URL, facts: null, clock: fakeClock() })
  const page = await open(
    <SessionProvider session={session}>
      <User />
    </SessionProvider>,
  )
  await expect(page.render(tree())).rejects.toThrow('give the provider another `key`')
  expect(made).toEqual([])
})
