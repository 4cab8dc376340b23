import { describe, expect, test } from 'vitest'
import { createSession, type RefreshOutcome, type SessionNotice } from 'xstate-session'
import { fakeClock } from '../fakeClock.ts'
import { BASE_URL, flush, SECOND } from './fixture.ts'

const LOST: RefreshOutcome = { kind: 'unknown', cause: 'timeout', answered: false }
const REJECTED: RefreshOutcome = { kind: 'rejected', reason: 'refreshRejected' }

/** Ten minutes of a session whose bearer lives one, with these answers to its refreshes. */
async function live(answers: RefreshOutcome[]) {
  const clock = fakeClock()
  const notices: SessionNotice[] = []
  let sends = 0
  const session = createSession({
    baseUrl: BASE_URL,
    lifetimeMs: 60 * SECOND,
    strategies: {
      openid: {
        needsRefreshToken: true,
        refresh: async () => answers[sends++] ?? REJECTED,
      },
    },
    clock,
    random: () => 0.5,
    observe: (notice) => notices.push(notice),
  })
  await session.login(
    { token: 'B1', refreshToken: 'secret-token', user: { id: 'ada' } },
    { provider: 'openid' },
  )
  for (let second = 0; second < 600; second++) {
    clock.advance(SECOND)
    await flush()
  }
  const state = session.getSnapshot()
  session.dispose()
  return { sends, state, notices, security: notices.filter(({ type }) => type === 'security') }
}

describe('reuse', () => {
  test('X36: a token that is rejected after it had to be sent again is told of, and the session ends', async () => {
    const { sends, state, notices, security } = await live([LOST, REJECTED])
    expect(sends).toBe(2)
    expect(state).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
    expect(security).toEqual([{ type: 'security', code: 'reuse', epoch: 1, version: 1 }])
    expect(JSON.stringify(notices)).not.toContain('secret-token')
  })

  test('X36: a token that is rejected when it is sent first is no reuse', async () => {
    const { sends, state, security } = await live([REJECTED])
    expect(sends).toBe(1)
    expect(state.reason).toBe('refreshRejected')
    expect(security).toEqual([])
  })
})
