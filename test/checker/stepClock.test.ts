import { expect, test } from 'vitest'
import { createSessionClock } from '../../src/base/sessionClock.ts'
import { within } from '../../src/base/within.ts'
import { Alarm } from '../../src/session/alarm.ts'
import { START } from '../proof/world/place.ts'
import { createStepClock } from './stepClock.ts'

test('tells where a timer was armed, through the clock of a session too', () => {
  const clock = createStepClock((fire) => fire)
  const own = createSessionClock(clock.of('p'))
  new Alarm(own, { settle: () => {} }).set('patience', START + 1_000)
  void within(
    clock.of('p'),
    2_000,
    () => new Promise(() => {}),
    () => new Error(),
  )
  expect(clock.print()).toEqual([
    expect.stringMatching(/^p 1000 session\/alarm\.ts:/),
    expect.stringMatching(/^p 2000 base\/within\.ts:/),
  ])
})
