import { expect, onTestFinished, test } from 'vitest'
import { createActor } from 'xstate'
import { createSessionLogic, type SessionStrategy, sessionOf } from 'xstate-session'
import { hideAndShow } from '../checker/hideAndShow.ts'
import { fakeClock } from '../fakeClock.ts'
import {
  ada,
  BASE_URL,
  flush,
  inspected,
  LIFE,
  MINUTE,
  openid,
  SECOND,
  stubApi,
  stubStrategy,
} from './fixture.ts'

/** A session in plain `inspect`: who sent what, and what the refreshes were started with. */
function watched(more: Partial<SessionStrategy> = {}) {
  const clock = fakeClock()
  const strategy = stubStrategy(more)
  const logic = createSessionLogic({
    baseUrl: BASE_URL,
    strategies: { openid: strategy.strategy },
    fetch: stubApi(
      ({ authorization }) => new Response(null, { status: authorization === 'Bearer B2' ? 401 : 200 }),
    ).fetch,
    clock,
    random: () => 0,
  })
  const actor = createActor(logic)
  const { sent, started } = inspected(actor as never)
  actor.start()
  onTestFinished(() => void actor.stop())
  const session = sessionOf(actor)
  const logIn = () =>
    session.login({ token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  const ok = (n: number, lifeMs = LIFE) =>
    ({ kind: 'ok', bearer: `B${n}`, refreshToken: `R${n}`, life: { expiresIn: lifeMs / SECOND } }) as const
  return { clock, strategy, sent, started, actor, session, logIn, ok }
}

test('every event of a session has a sender: the refresh, the alarm, or the runtime', async () => {
  const { clock, strategy, sent, session, logIn, ok } = watched()
  await logIn()
  clock.advance(LIFE - 30 * SECOND)
  await flush()
  await strategy.last().answer(ok(2))
  clock.advance(10 * SECOND)
  const call = session.fetch('api/x')
  await flush()
  await strategy.last().answer({ kind: 'refused', cause: 'unavailable' })
  clock.advance(MINUTE)
  await flush()
  await strategy.last().answer(ok(3))
  await call
  await session.fetch('api/x')
  session.refresh().catch(() => {})
  await session.logout()
  expect(sent).toContain('alarm: time.checked')
  expect(sent).toContain('refresh: session.renewed')
  expect(sent).toContain('refresh: refresh.refused')
  for (const type of [
    'session.started',
    'bearer.rejected',
    'bearer.accepted',
    'session.ended',
    'refresh.asked',
  ])
    expect(sent).toContain(`runtime: ${type}`)
  expect(sent.filter((line) => /^nobody|refresh: time|alarm: (?!time)/.test(line))).toEqual([])
})

test('the refresh is started with the provider and the kind of its strategy, and with no token', async () => {
  const { clock, started, logIn } = watched({ kind: 'openid' })
  await logIn()
  clock.advance(LIFE - 30 * SECOND)
  await flush()
  expect(started).toEqual([
    expect.objectContaining({ provider: 'openid', kind: 'openid', epoch: 1, version: 1 }),
  ])
  expect(JSON.stringify(started)).not.toMatch(/[BR]1/)
})

test('a strategy that names no kind is a custom one', async () => {
  const { clock, started, logIn } = watched()
  await logIn()
  clock.advance(LIFE - 30 * SECOND)
  await flush()
  expect(started).toEqual([expect.objectContaining({ provider: 'openid', kind: 'custom' })])
})

test('what comes when the refresh has been stopped goes the way of a peer’s renewal', async () => {
  const { clock, strategy, sent, session, logIn, ok } = watched()
  await logIn()
  session.refresh().catch(() => {})
  clock.advance(26 * SECOND)
  await flush()
  expect(sent).toContain('refresh: refresh.unknown')
  expect(session.getSnapshot().state).toBe('retrying')
  await strategy.last().answer(ok(2))
  expect(sent.at(-1)).toBe('runtime: session.renewed')
  expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
})

test('a refresh that is hidden and shown joins the flight in the air, and answers as itself', async () => {
  const { clock, strategy, sent, session, actor, logIn, ok } = watched()
  await logIn()
  clock.advance(LIFE - 30 * SECOND)
  await flush()
  hideAndShow(actor)
  await flush()
  expect(strategy.attempts).toHaveLength(1)
  await strategy.last().answer(ok(2))
  expect(sent.at(-1)).toBe('refresh: session.renewed')
  expect(sent.filter((line) => line.startsWith('nobody'))).toEqual([])
  expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
})

test('L57: a key that is found lost after the next login ends that login not', async () => {
  const { actor, sent, session, logIn } = watched({
    send: async ({ keyId, bearer, end }) => {
      await flush()
      if (keyId === undefined && bearer === 'B1') end('keyLost')
      return new Response()
    },
  })
  await logIn()
  const call = session.fetch('api/x')
  await session.logout()
  await session.login({ token: 'B2', refreshToken: 'R2', user: ada, expiresIn: LIFE / SECOND }, openid)
  await call
  await flush()
  expect(sent).toContain('runtime: refresh.rejected')
  expect(session.getSnapshot()).toMatchObject({ state: 'active' })
  // Of the session that it was sent for it is the end.
  await session.logout()
  await logIn()
  await session.fetch('api/x')
  expect(actor.getSnapshot().context.reason).toBe('keyLost')
})
