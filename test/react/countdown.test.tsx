// @vitest-environment jsdom
import { renderToString } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import type { Session } from 'xstate-session'
import { SessionProvider, useExpiryCountdown } from 'xstate-session/react'
import { LIFE, loggedIn, MINUTE, SECOND, start } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

function Countdown() {
  return <p>{useExpiryCountdown() ?? '-'}</p>
}

const page = (session: Session, howMany = 1) => (
  <SessionProvider session={session}>
    {Array.from({ length: howMany }, (_, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
      <Countdown key={at} />
    ))}
  </SessionProvider>
)

describe.each(modes)('the countdown, rendered %s', (_, wrap) => {
  test('counts whole seconds down to 0, and changes as each is full', async () => {
    const { session, clock, pass, login } = start({ refresh: 'prompt' })
    await login({ expiresAt: clock.wall() + 3_500 })
    const shown = await open(wrap(page(session)))
    const seen: (string | null)[] = [shown.text()]
    for (let step = 0; step < 8; step++) {
      await settle(() => pass(500))
      seen.push(shown.text())
    }
    // The session ends together with its bearer.
    expect(seen).toEqual(['4', '3', '3', '2', '2', '1', '1', '-', '-'])
  })

  test('shares one timer, and arms none while nobody shows it', async () => {
    const { session, clock, pass } = await loggedIn()
    const before = clock.pending().length
    const shown = await open(wrap(page(session, 5)))
    expect(clock.pending().length).toBe(before + 1)
    expect(clock.pending()[0]).toEqual({ inMs: SECOND, kind: 'background' })
    await settle(() => pass(10 * SECOND))
    expect(shown.text()).toBe('890'.repeat(5))
    expect(clock.pending().length).toBe(before + 1)
    await shown.render(wrap(page(session, 1)))
    expect(clock.pending().length).toBe(before + 1)
    await shown.render(wrap(page(session, 0)))
    expect(clock.pending().length).toBe(before)
    await shown.render(wrap(page(session, 2)))
    expect(shown.text()).toBe('890890')
  })

  test('starts again with every renewal, and shows nothing without an end', async () => {
    const { session, clock, login, pass, strategy, ok } = start()
    const shown = await open(wrap(page(session)))
    expect(shown.text()).toBe('-')
    expect(clock.pending()).toEqual([])
    await settle(() => login())
    expect(shown.text()).toBe('900')
    await settle(() => pass(LIFE - 30_000))
    expect(shown.text()).toBe('30')
    await settle(() => strategy.last().answer(ok()))
    expect(shown.text()).toBe('900')
    await settle(() => login({ expiresAt: undefined }))
    expect(session.getSnapshot()).toMatchObject({ state: 'active' })
    expect(shown.text()).toBe('-')
    await settle(() => login())
    await settle(() => session.logout())
    expect(shown.text()).toBe('-')
  })
})

describe('the countdown', () => {
  test('keeps to the time of the session when somebody sets the clock back', async () => {
    const { session, clock, pass } = await loggedIn()
    const shown = await open(page(session))
    clock.jumpWall(-60 * MINUTE)
    await settle(() => pass(SECOND))
    expect(shown.text()).toBe('899')
  })

  test('U39: keeps to it where it is mounted after that', async () => {
    const { session, clock, login } = start()
    await login({ expiresAt: clock.wall() + 10 * MINUTE })
    clock.advance(MINUTE)
    clock.jumpWall(-60 * MINUTE)
    const shown = await open(page(session))
    expect(shown.text()).toBe('540')
    await settle(() => clock.advance(SECOND))
    expect(shown.text()).toBe('539')
  })

  test('catches up after a sleep', async () => {
    const { session, clock, pass } = await loggedIn({ refresh: 'prompt' })
    const shown = await open(page(session))
    clock.jumpWall(10 * MINUTE)
    await settle(() => pass(SECOND))
    expect(shown.text()).toBe('299')
  })

  test('shows the same second in a component that is mounted later', async () => {
    const { session, pass } = await loggedIn()
    const shown = await open(page(session))
    await settle(() => pass(1_400))
    await shown.render(page(session, 3))
    expect(shown.text()).toBe('899899899')
  })

  test('reads no clock while a server renders', async () => {
    const { session, clock } = await loggedIn()
    expect(renderToString(page(session))).toBe('<p>-</p>')
    expect(clock.pending().length).toBe(1)
  })
})
