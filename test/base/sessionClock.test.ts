import { expect, test } from 'vitest'
import { createSessionClock } from '../../src/base/sessionClock.ts'
import { flush, LIFE, loggedIn, outcomeOf, SECOND } from '../session/fixture.ts'

const START = 1_000_000

/** Both clocks at `START` on the timeline, moved apart by each step: [wall, monotonic], milliseconds. */
function follow(steps: readonly (readonly [number, number])[]): number[] {
  let [wall, monotonic] = [START, 7]
  const clock = { wall: () => wall, monotonic: () => monotonic, setTimer: () => () => {} }
  const own = createSessionClock(clock)
  const now = () => own.now()
  return steps.map(([wallMs, monotonicMs]) => {
    wall += wallMs
    monotonic += monotonicMs
    return now() - START
  })
}

const HOUR = 3_600_000

test.each<[string, (readonly [number, number])[], number[]]>([
  [
    'equals the wall clock',
    [
      [0, 0],
      [500, 500],
    ],
    [0, 500],
  ],
  [
    'in whole milliseconds',
    [
      [0.9, 0.9],
      [0.2, 0.2],
    ],
    [0, 1],
  ],
  [
    'goes on while the machine sleeps',
    [
      [HOUR, 0],
      [10, 10],
    ],
    [HOUR, HOUR + 10],
  ],
  [
    'goes on when the clock is set back',
    [
      [-HOUR, 5],
      [10, 10],
    ],
    [5, 15],
  ],
  [
    'goes on when the clock is set back after a sleep',
    [
      [HOUR, 0],
      [-HOUR, 5],
      [10, 10],
    ],
    [HOUR, HOUR + 5, HOUR + 15],
  ],
  [
    'goes on in a sleep after the clock was set back',
    [
      [-HOUR, 5],
      [HOUR, 0],
      [10, 10],
    ],
    [5, HOUR + 5, HOUR + 15],
  ],
  [
    'takes a second between the clocks for drift',
    [
      [1_000, 0],
      [-1_000, 0],
      [500, 500],
    ],
    [1_000, 1_000, 1_000],
  ],
  [
    'in both directions',
    [
      [0, 1_000],
      [2_000, 0],
    ],
    [1_000, 2_000],
  ],
  [
    'and follows the one that is ahead',
    [
      [400, 0],
      [-400, 0],
      [100, 100],
      [400, 400],
    ],
    [400, 400, 400, 500],
  ],
  [
    'takes more for a jump',
    [
      [1_001, 0],
      [-1_001, 0],
      [500, 500],
    ],
    [1_001, 1_001, 1_501],
  ],
  [
    'also where the wall clock slips',
    [
      [-400, 0],
      [100, 100],
    ],
    [0, 100],
  ],
  [
    'never runs backwards',
    [
      [10, 10],
      [-5, -5],
    ],
    [10, 10],
  ],
])('the time of a session %s', (_, steps, expected) => {
  expect(follow(steps)).toEqual(expected)
})

test('U39: the snapshot is read by the clock of the session, and an error by the wall clock, whatever that was set to', async () => {
  const { session, clock, strategy, pass } = await loggedIn({ refresh: 'onDemand' })
  await pass(LIFE)
  clock.jumpWall(-HOUR)
  strategy.always({ kind: 'refused', cause: 'limited', retryAfterMs: 120 * SECOND })
  const caller = outcomeOf(session.getToken())
  await flush()
  const { retryAt } = session.getSnapshot()
  expect((retryAt ?? 0) - session.clock.now()).toBe(120 * SECOND)
  expect(caller.error).toMatchObject({ code: 'refresh_unavailable', retryAt: clock.wall() + 120 * SECOND })
})
