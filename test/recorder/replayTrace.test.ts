import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { replayTrace } from 'xstate-session/testing'

const start = { state: 'loggedOut', context: {} }
const trace = (...entries: unknown[]) => ({ format: 'xstate-session trace', version: 1, dropped: 0, entries })

describe('what is no trace', () => {
  test.each([
    ['is no object', null, /the whole: must be of the type object/],
    ['is of another version', { ...trace(), version: 2 }, /\n {2}version: must be 1$/],
    ['has a field more', { ...trace(), token: 'T0KEN' }, /the whole: has fields that no recorder writes$/],
    ['has an entry that is nothing', trace(7), /entries\[0\]: must have a "start", an "event" or a "notice"/],
    [
      'has a state that there is not',
      trace({ start: { ...start, state: 'T0KEN' } }),
      /entries\[0\]\.start\.state: must be one of/,
    ],
    [
      'has a context of more',
      trace({ start: { state: 'active', context: { token: 'T0KEN' } } }),
      /entries\[0\]\.start\.context: has fields/,
    ],
    [
      'has an unknown event',
      trace({ start }, { event: { type: 'T0KEN', at: 1 }, state: 'active' }),
      /entries\[1\]\.event\.type: this version knows no such event/,
    ],
    [
      'has an event without its facts',
      trace({ start }, { event: { type: 'session.started', at: 1 }, state: 'active' }),
      /entries\[1\]\.event\.facts: /,
    ],
    [
      'has an event outside of time',
      trace({ start }, { event: { type: 'time.checked', at: 1e20 }, state: 'active' }),
      /entries\[1\]\.event\.at: must be at most 8640000000000000/,
    ],
    [
      'has a text for a number',
      trace({ start }, { event: { type: 'time.checked', at: 'T0KEN' }, state: 'active' }),
      /entries\[1\]\.event\.at: must be of the type number/,
    ],
    [
      'has an unknown notice',
      trace({ at: 1, notice: { type: '__proto__' } }),
      /entries\[0\]\.notice\.type: this version knows no such notice/,
    ],
    [
      'has an event before a start',
      trace({ event: { type: 'time.checked', at: 1 }, state: 'active' }),
      /entries\[0\]: an event, and no "start" before it/,
    ],
    ['is huge', trace(...Array(10_001).fill({ start })), /entries: must be at most 10000/],
  ])('%s', (_, value, message) => {
    const playing = () => replayTrace(value)
    expect(playing).toThrow(TypeError)
    expect(playing).toThrow(message)
    // What stands there may be what should not.
    expect(playing).not.toThrow(/T0KEN/)
  })

  test('is refused with a TypeError, or played, whatever it is', () => {
    const value = fc.oneof(fc.constantFrom('active', 1, null, true, -5), fc.anything())
    const facts = fc.dictionary(
      fc.constantFrom('doubt', 'epoch', 'bearer', 'endsAt', 'policy', 'user'),
      value,
    )
    const event = fc.record({
      type: fc.constantFrom('session.ended', 'time.checked', 'refresh.unknown', 'user.changed'),
      at: value,
      reason: fc.constantFrom('user', 'x'),
      idle: value,
      epoch: value,
    })
    const entry = fc.oneof(
      fc.record({ start: fc.record({ state: fc.constantFrom('active', 'retrying', 'x'), context: facts }) }),
      fc.record({ event, state: fc.constantFrom('active', 'loggedOut') }),
      fc.anything(),
    )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), (entries) => {
        try {
          replayTrace(trace(...entries))
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
          expect((error as Error).message).toMatch(/no trace|no "start"/)
        }
      }),
      { numRuns: 500 },
    )
  })
})
