// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { SessionProvider } from 'xstate-session/react'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, SECOND } from '../session/fixture.ts'
import { panel, User } from './ownedPanel.tsx'
import { modes, open, settle } from './page.tsx'

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
})

test('a session that becomes a function is refused in a sentence', async () => {
  const { made, tree } = panel()
  const session = createBffSession({ baseUrl: BASE_URL, facts: null, clock: fakeClock() })
  const page = await open(
    <SessionProvider session={session}>
      <User />
    </SessionProvider>,
  )
  await expect(page.render(tree())).rejects.toThrow('Give the provider another `key`')
  expect(made).toEqual([])
})
