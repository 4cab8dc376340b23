import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endOfRefreshing, refreshingAtOnce, renewedAtOnce } from '../../machines/session.atRest.ts'
import type { SessionFacts, SessionInput } from '../../machines/session.context.ts'
import { nextDeadline } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import { factsOf, instants, LOGIN, play, renewalAt, step } from './chart.ts'

const doubt = { sends: 1, since: LOGIN, answers: 0, answeredSince: LOGIN, resend: 'never' } as const
const backoff = { attempts: 1, triedAt: LOGIN, retryAt: LOGIN, heldUntil: 0, misconfigured: false }

const moment = fc.constantFrom(...Object.values(instants))
const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, fc.constantFrom(usual, ...others))
const found = fc
  .record({
    version: often(2, 1),
    bearer: often<SessionFacts['bearer']>('good', 'none'),
    refreshable: often(true, false),
    endsAt: often(instants.end, instants.long, instants.soon),
    floorAt: often(LOGIN, instants.later),
    rejections: often(0, 2),
    bearerVersion: often(1, 2),
    trouble: often<Partial<SessionFacts>>({}, { doubt }, { backoff }),
  })
  .map(({ trouble, ...facts }) => factsOf({ ...facts, leadAt: facts.endsAt - 30_000, ...trouble }))
const inputs: fc.Arbitrary<SessionInput> = fc.record({
  policy: often<NonNullable<SessionInput['policy']>>('onDemand', 'eager', 'prompt'),
  absoluteLifetimeMs: often(Infinity, 580_000),
  shared: fc.boolean(),
})
const renewals = fc
  .record({ lifeMs: often(600_000, 0, 500), version: often(3, 1, 2), epoch: often(1, 2) })
  .map(({ lifeMs, version, epoch }) => (at: number): SessionEvent => {
    return { type: 'session.renewed', facts: renewalAt(at, version, lifeMs, { epoch }), at }
  })

test('a renewal without a chart is what the chart does, to the last fact', () => {
  let renewed = 0
  fc.assert(
    fc.property(inputs, found, moment, moment, renewals, (input, facts, at, landsAt, make) => {
      const before = refreshingAtOnce(input, facts, at)
      const asked = { type: 'refresh.asked', by: 'caller', at } as const
      const time = { type: 'time.checked', at } as const
      const chart = play(input, { type: 'session.started', facts, at }, time, asked)
      if (!before) {
        const isOfTrouble = facts.doubt || facts.backoff || facts.bearer === 'none'
        expect(chart.value === 'refreshing' && input.policy === 'onDemand' && !isOfTrouble).toBe(false)
        return
      }
      expect([chart.value, chart.context]).toEqual(['refreshing', before])
      expect(endOfRefreshing(before)).toBe(nextDeadline('refreshing', chart.context))
      // What resumes it is started with the facts.
      const resumed = play({ ...input, facts, at }, asked)
      expect([resumed.value, resumed.context]).toEqual(['refreshing', before])
      const event = make(Math.max(at, landsAt))
      const after = renewedAtOnce(before, event)
      const { after: told } = step(chart, event)
      if (after) renewed++
      expect(after ?? 'not that').toEqual(
        told.value === 'active' && told.context.version > facts.version ? told.context : 'not that',
      )
    }),
    { numRuns: 3_000 },
  )
  expect(renewed).toBeGreaterThan(300)
})

test('nothing but a renewal ends it', () => {
  const before = refreshingAtOnce({ policy: 'onDemand' }, factsOf(), instants.end)
  if (!before) throw new Error('It was not due.')
  const { epoch, version } = before
  const refused = { type: 'refresh.refused', epoch, version, at: instants.end, roll: 0 } as SessionEvent
  expect(renewedAtOnce(before, refused)).toBeUndefined()
})

test('a chart is needed under any other policy, in any trouble, and before the lead', () => {
  const facts = factsOf({ version: 2 })
  const begun = (
    policy: NonNullable<SessionInput['policy']>,
    more: Partial<SessionFacts> = {},
    at = instants.lead,
  ) => refreshingAtOnce({ policy }, { ...facts, ...more }, at) !== undefined
  expect(begun('onDemand')).toBe(true)
  expect(begun('onDemand', {}, instants.lead - 1)).toBe(false)
  for (const policy of ['eager', 'prompt'] as const) expect(begun(policy)).toBe(false)
  for (const trouble of [{ doubt }, { backoff }, { bearer: 'none' as const }])
    expect(begun('onDemand', trouble)).toBe(false)
})
