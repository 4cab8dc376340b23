import { expect, test, vi } from 'vitest'
import {
  inProcessCoordinator,
  Misconfigured,
  type RefreshOutcome,
  type SessionStrategy,
} from 'xstate-session'
import {
  createRefresher,
  type KeptSession,
  type RefresherOptions,
  type RefresherResult,
} from 'xstate-session/refresher'
import { fakeClock } from '../fakeClock.ts'
import { flush } from '../session/fixture.ts'

const MINUTE = 60_000
const failed: RefreshOutcome = { kind: 'unknown', cause: 'refreshFailed', answered: true }

/** A strategy that answers as told, and a session that is kept as a sealed cookie keeps it: as JSON. */
function world(options: Partial<RefresherOptions> = {}, strategy: Partial<SessionStrategy> = {}) {
  const clock = fakeClock()
  const sent: (string | undefined)[] = []
  let answers: (RefreshOutcome | Promise<RefreshOutcome>)[] = []
  const renewed = (): RefreshOutcome => ({
    kind: 'ok',
    bearer: `bearer-${sent.length}`,
    refreshToken: `R${sent.length + 1}`,
    life: { expiresIn: 900 },
  })
  const strategies = {
    openid: {
      needsRefreshToken: true,
      async refresh({ refreshToken }: { refreshToken?: string }) {
        sent.push(refreshToken)
        return answers.shift() ?? renewed()
      },
      ...strategy,
    },
  }
  strategies satisfies Record<string, SessionStrategy>
  const make = () =>
    createRefresher({
      baseUrl: 'https://chat.example',
      strategies,
      clock,
      random: () => 0.5,
      ...options,
    })
  let refresher = make()
  let kept: KeptSession = {
    provider: 'openid',
    user: { id: 'u1', name: 'Ada' },
    bearer: 'canary-bearer',
    refreshToken: 'R1',
    expiresAt: clock.wall() + 20_000,
  }
  const keep = (changes: Partial<KeptSession>) => {
    kept = JSON.parse(JSON.stringify({ ...kept, ...changes }))
  }
  return {
    clock,
    sent,
    keep,
    kept: () => kept,
    answer: (...next: typeof answers) => {
      answers = next
    },
    /** The process begins anew, and its memory is empty. */
    restart() {
      refresher = make()
    },
    refresh: (changes: Partial<KeptSession> = {}) => refresher.refresh({ ...kept, ...changes }),
    async next(): Promise<RefresherResult> {
      const result = await refresher.refresh(kept)
      if (result.kind === 'renewed') keep({ expiresAt: undefined, ...result, doubt: null })
      if (result.kind === 'later') keep({ refreshToken: undefined, ...result })
      return JSON.parse(JSON.stringify(result))
    },
  }
}

test('a bearer that still lives is renewed when its keeper asks', async () => {
  const { next, sent, clock } = world()
  expect(await next()).toEqual({
    kind: 'renewed',
    bearer: 'bearer-1',
    refreshToken: 'R2',
    expiresAt: clock.wall() + 15 * MINUTE,
    user: { id: 'u1', name: 'Ada' },
  })
  expect(await next()).toMatchObject({ kind: 'renewed', bearer: 'bearer-2', refreshToken: 'R3' })
  expect(sent).toEqual(['R1', 'R2'])
})

test('an answer without a refresh token keeps the old one, one that is final keeps none', async () => {
  const { next, answer } = world()
  answer({ kind: 'ok', bearer: 'b' }, { kind: 'ok', bearer: 'c', final: true })
  expect(await next()).toMatchObject({ kind: 'renewed', refreshToken: 'R1' })
  const last = await next()
  expect(last).toMatchObject({ kind: 'renewed', bearer: 'c' })
  expect(last).not.toHaveProperty('refreshToken')
})

test('the answer for another user ends the session, and so does a plain no', async () => {
  const { refresh, answer } = world()
  answer({ kind: 'ok', bearer: 'b', refreshToken: 'R2', user: { id: 'u2' } })
  expect(await refresh()).toEqual({ kind: 'over', reason: 'identityMismatch' })
  answer({ kind: 'rejected', reason: 'refreshRejected' })
  expect(await refresh({ refreshToken: 'R9' })).toEqual({ kind: 'over', reason: 'refreshRejected' })
})

test.each(['this process', 'a process that begins anew'])(
  'U36: after one blip %s renews the next request, and not before its time',
  async (process) => {
    const { next, keep, answer, sent, clock, restart } = world()
    keep({ expiresAt: clock.wall() - 1 })
    answer(failed)
    const first = await next()
    expect(first).toMatchObject({
      kind: 'later',
      refreshToken: 'R1',
      doubt: { cause: 'unknown', sends: { sends: 1 } },
    })
    if (process !== 'this process') restart()
    clock.advance(5_000)
    expect(await next()).toMatchObject({ kind: 'later' })
    expect(sent).toEqual(['R1'])
    const { retryAt } = first as Extract<RefresherResult, { kind: 'later' }>
    clock.advance(retryAt - clock.wall())
    expect(await next()).toMatchObject({ kind: 'renewed', refreshToken: 'R3' })
    expect(sent).toEqual(['R1', 'R1'])
  },
)

test('U36: a doubt that the cookie has lost is known to the coordinator', async () => {
  const { refresh, answer, sent, clock } = world()
  answer(failed)
  await refresh({ expiresAt: clock.wall() - 1 })
  expect(await refresh({ expiresAt: clock.wall() - 1 })).toMatchObject({
    kind: 'later',
    doubt: { sends: { sends: 1 } },
  })
  expect(sent).toEqual(['R1'])
})

test('U36: while the bearer lives a token in doubt is not sent again; a 401 for it ends the wait', async () => {
  const { next, keep, answer, sent, clock } = world()
  const endsAt = clock.wall() + 5 * MINUTE
  keep({ expiresAt: endsAt })
  answer(failed)
  await next()
  clock.advance(MINUTE)
  expect(await next()).toMatchObject({ kind: 'later', retryAt: endsAt })
  keep({ isRejected: true })
  expect(await next()).toMatchObject({ kind: 'renewed' })
  expect(sent).toEqual(['R1', 'R1'])
})

test('U36: four answers without a word end the session, in as many processes', async () => {
  const { next, keep, answer, sent, clock, restart } = world()
  keep({ expiresAt: clock.wall() - 1 })
  answer(failed, failed, failed, failed, failed)
  let last: RefresherResult | undefined
  for (let i = 0; i < 12 && last?.kind !== 'over'; i++) {
    last = await next()
    restart()
    clock.advance(3 * MINUTE)
  }
  expect(last).toEqual({ kind: 'over', reason: 'refreshRejected' })
  expect(sent).toHaveLength(4)
})

test('a refusal is waited for, although nothing is in doubt', async () => {
  const { next, answer, sent, clock, restart } = world()
  answer({ kind: 'refused', cause: 'limited', retryAfterMs: 30_000 })
  const first = await next()
  expect(first).toMatchObject({ kind: 'later', refreshToken: 'R1', doubt: { cause: 'refused' } })
  expect(first).not.toHaveProperty('doubt.sends')
  restart()
  clock.advance(29_000)
  expect(await next()).toEqual(first)
  clock.advance(5_000)
  expect(await next()).toMatchObject({ kind: 'renewed' })
  expect(sent).toEqual(['R1', 'R1'])
})

test('a backend that does not refresh leaves the bearer to its end, and its token to nobody', async () => {
  const { next, answer, clock, kept, sent } = world()
  answer({ kind: 'unsupported', forGood: true })
  const end = kept().expiresAt
  const first = await next()
  expect(first).toMatchObject({ kind: 'later', retryAt: end, doubt: { cause: 'unsupported' } })
  expect(first).not.toHaveProperty('refreshToken')
  expect(await next()).toMatchObject({ kind: 'later', retryAt: end })
  clock.advance(MINUTE)
  expect(await next()).toEqual({ kind: 'over', reason: 'notRefreshable' })
  expect(sent).toEqual(['R1'])
})

test('an older backend is asked once more at the end of the bearer', async () => {
  const { next, answer, clock, sent } = world()
  answer({ kind: 'unsupported', forGood: false })
  await next()
  await next()
  expect(sent).toEqual(['R1'])
  clock.advance(MINUTE)
  expect(await next()).toMatchObject({ kind: 'renewed' })
})

test('a new refresh token without a bearer is kept', async () => {
  const { next, answer, clock, sent } = world()
  answer({ kind: 'ok', refreshToken: 'R2' })
  expect(await next()).toMatchObject({ kind: 'later', refreshToken: 'R2', doubt: { cause: 'refused' } })
  clock.advance(10_000)
  expect(await next()).toMatchObject({ kind: 'renewed' })
  expect(sent).toEqual(['R1', 'R2'])
})

test('a backend that hangs is waited for until the deadline, and its late answer is not lost', async () => {
  const { refresh, answer, clock, sent } = world({ attemptTimeoutMs: 10_000 })
  let land: (outcome: RefreshOutcome) => void = () => {}
  answer(
    new Promise((resolve) => {
      land = resolve
    }),
  )
  const first = refresh()
  await vi.waitFor(() => expect(sent).toEqual(['R1']))
  clock.advance(10_001)
  expect(await first).toMatchObject({ kind: 'later', refreshToken: 'R1', doubt: { cause: 'unknown' } })
  land({ kind: 'ok', bearer: 'late', refreshToken: 'R2' })
  await flush()
  expect(await refresh()).toMatchObject({ kind: 'renewed', bearer: 'late', refreshToken: 'R2' })
  expect(sent).toEqual(['R1'])
})

test('calls at once share one send, and each gets what it brought', async () => {
  const { refresh, sent } = world()
  const results = await Promise.all(Array.from({ length: 20 }, () => refresh()))
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
  expect(results[0]).toMatchObject({ kind: 'renewed', refreshToken: 'R2' })
  expect(await refresh()).toMatchObject({ kind: 'renewed', refreshToken: 'R2' })
  expect(sent).toEqual(['R1'])
})

test('who logs out meanwhile gets nothing back', async () => {
  const clock = fakeClock()
  const coordinator = inProcessCoordinator({ clock })
  const { refresh, answer } = world({ coordinator })
  let land: (outcome: RefreshOutcome) => void = () => {}
  answer(
    new Promise((resolve) => {
      land = resolve
    }),
  )
  const flying = refresh()
  await flush()
  coordinator.end({ provider: 'openid', userId: 'u1', refreshToken: 'R1' })
  await flush()
  land({ kind: 'ok', bearer: 'late', refreshToken: 'R2' })
  expect(await flying).toEqual({ kind: 'over', reason: 'elsewhere' })
})

test.each<[string, Partial<KeptSession>]>([
  ['provider', { provider: 'nobody' }],
  ['provider', { provider: 'toString' }],
  ['user', { user: {} as KeptSession['user'] }],
  ['tenantId', { tenantId: 'canary tenant' }],
  ['bearer', { bearer: 'canary bearer' }],
  ['refreshToken', { refreshToken: 7 as never }],
])('%s that cannot be: an error says so, quotes nothing and sends nothing', async (name, wrong) => {
  const { refresh, sent } = world()
  const error = await refresh(wrong).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(Misconfigured)
  expect(String(error)).toContain(`"${name}"`)
  expect(String(error)).not.toContain('canary')
  expect(sent).toEqual([])
})

test('a doubt that is damaged costs no session, and holds no token', async () => {
  const { next, keep, answer, clock, sent } = world()
  keep({ doubt: { cause: 'unknown', retryAt: NaN, sends: 'x' as never }, expiresAt: clock.wall() - 1 })
  expect(await next()).toMatchObject({ kind: 'renewed' })
  answer(failed)
  keep({ expiresAt: clock.wall() - 1 })
  expect(JSON.stringify((await next()) satisfies RefresherResult)).not.toMatch(/canary|bearer-/)
  const { doubt } = (await next()) as Extract<RefresherResult, { kind: 'later' }>
  expect(JSON.stringify(doubt)).not.toMatch(/R\d/)
  expect(sent).toEqual(['R1', 'R2'])
})
