// @vitest-environment jsdom
import { renderToString } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import type { Session } from 'xstate-session'
import { SessionProvider, useIdleCountdown, useStaySignedIn } from 'xstate-session/react'
import { MINUTE, SECOND, start } from '../session/fixture.ts'
import { modes, open, settle } from './page.tsx'

const LIMIT = 10 * MINUTE

function Warning({ withinMs }: { readonly withinMs?: number }) {
  const seconds = useIdleCountdown(withinMs === undefined ? {} : { withinMs })
  const stay = useStaySignedIn()
  return (
    <p>
      {seconds ?? '-'}
      <button type="button" onClick={stay.mutate}>
        stay
      </button>
    </p>
  )
}

const page = (session: Session, withinMs?: number) => (
  <SessionProvider session={session}>
    <Warning {...(withinMs !== undefined && { withinMs })} />
  </SessionProvider>
)

describe.each(modes)('the idle warning, rendered %s', (_, wrap) => {
  async function shown(withinMs?: number) {
    const started = start({ idleTimeoutMs: LIMIT })
    await started.login()
    const view = await open(wrap(page(started.session, withinMs)))
    return { ...started, text: () => view.text()?.replace('stay', ''), click: view.click }
  }

  test('says nothing until the last minute, then counts down to the end', async () => {
    const { text, pass, state, reason } = await shown()
    expect(text()).toBe('-')
    await settle(() => pass(LIMIT - 61 * SECOND))
    expect(text()).toBe('-')
    await settle(() => pass(SECOND))
    expect(text()).toBe('60')
    await settle(() => pass(59 * SECOND))
    expect(text()).toBe('1')
    await settle(() => pass(SECOND))
    expect([text(), state(), reason()]).toEqual(['-', 'expired', 'idle'])
  })

  test('any sign of the user extends the session by the whole time', async () => {
    const { text, pass, signal, state } = await shown()
    await settle(() => pass(LIMIT - 20 * SECOND))
    expect(text()).toBe('20')
    await settle(() => signal('userActive'))
    expect(text()).toBe('-')
    await settle(() => pass(LIMIT - SECOND))
    expect(text()).toBe('1')
    expect(state()).not.toBe('expired')
  })

  test('U39: is not late where the clock was set back before it is mounted', async () => {
    const { session, clock, login } = start({ idleTimeoutMs: LIMIT })
    await login()
    clock.advance(LIMIT - 30 * SECOND)
    clock.jumpWall(-60 * MINUTE)
    const view = await open(wrap(page(session)))
    expect(view.text()).toBe('30stay')
  })

  test('so does "stay signed in"', async () => {
    const { text, pass, click } = await shown()
    await settle(() => pass(LIMIT - 20 * SECOND))
    await click('stay')
    await settle(() => pass(0))
    expect(text()).toBe('-')
  })

  test('a warning that is shorter than people need is refused (WCAG 2.2.1)', async () => {
    await expect(shown(19_999)).rejects.toMatchObject({ code: 'misconfigured' })
    await shown(20_000)
  })
})

test('without a limit, and on a server, there is no warning', async () => {
  const { session, login, pass } = start()
  await login()
  const view = await open(page(session))
  await settle(() => pass(60 * MINUTE))
  expect(view.text()).toBe('-stay')
  const limited = start({ idleTimeoutMs: 30 * SECOND })
  await limited.login()
  expect(renderToString(page(limited.session))).toContain('-')
})
