import { describe, expect, test } from 'vitest'
import { NEVER } from '../../machines/session.instants.ts'
import {
  asOf,
  blank,
  CLOSED,
  counted,
  decide,
  dueAt,
  givenUpAt,
  isGivenUp,
  type LedgerRow,
  mayResend,
  NO_SENDS,
  opened,
  raised,
  readRow,
  type SendAsk,
  settled,
  waitAfter,
} from '../../machines/session.ledger.ts'

const NOW = 1_000_000_000
const SECOND = 1_000
const MINUTE = 60 * SECOND

const ask: SendAsk = { resend: 'afterBearerEnds', isSpent: true }

/** A token that was sent once, ten minutes ago, without an answer; its backoff is over. */
const sentOnce: LedgerRow = {
  sends: 1,
  since: NOW - 10 * MINUTE,
  answers: 0,
  answeredSince: NEVER,
  sentAt: NOW - 10 * MINUTE,
  notBefore: NOW - 9 * MINUTE,
  heldUntil: 0,
}

describe('memories of sends', () => {
  test('the first send is the beginning; an answer without a definitive word begins another count', () => {
    const first = counted(null, NOW)
    expect(first).toEqual({ sends: 1, since: NOW, answers: 0, answeredSince: NEVER })
    const second = counted(first, NOW + 1, NOW + 2)
    expect(second).toEqual({ sends: 2, since: NOW, answers: 1, answeredSince: NOW + 2 })
    expect(counted(second, NOW + 3, NOW + 4)).toEqual({
      sends: 3,
      since: NOW,
      answers: 2,
      answeredSince: NOW + 2,
    })
  })

  test('of two memories the greater counts, field by field, and what else a row has stays', () => {
    const known = { sends: 3, since: NOW - MINUTE, answers: 0, answeredSince: NOW - 2 }
    const row = { ...sentOnce, since: NOW - SECOND, answers: 2, answeredSince: NOW - 1 }
    const both = { sends: 3, since: NOW - MINUTE, answers: 2, answeredSince: NOW - 2 }
    expect(raised(row, known)).toEqual({ ...row, ...both })
    expect(raised({ ...row, ...known }, row)).toEqual({ ...row, ...both })
    expect(raised(row, null)).toBe(row)
    expect(raised(row, undefined)).toBe(row)
  })
})

describe('a clock that was set back', () => {
  const ahead = 5 * MINUTE
  const future: LedgerRow = {
    ...sentOnce,
    since: NOW + 4 * MINUTE,
    answeredSince: NOW + 4 * MINUTE + 1,
    sentAt: NOW + ahead,
    notBefore: NOW + 6 * MINUTE,
    heldUntil: NOW + 7 * MINUTE,
    openUntil: NOW + 8 * MINUTE,
  }

  test('moves the whole row, so that its last send is now', () => {
    expect(asOf(future, NOW)).toEqual({
      ...future,
      since: NOW - MINUTE,
      answeredSince: NOW - MINUTE + 1,
      sentAt: NOW,
      notBefore: NOW + MINUTE,
      heldUntil: NOW + 2 * MINUTE,
      openUntil: NOW + 3 * MINUTE,
    })
  })

  test('moves no instant that there is not, and opens no row', () => {
    const { openUntil: _, ...closed } = { ...future, answeredSince: NEVER }
    const moved = asOf(closed, NOW)
    expect(moved.answeredSince).toBe(NEVER)
    expect(Object.keys(moved)).not.toContain('openUntil')
  })

  test('a row of now or of the past stays the same', () => {
    const present = { ...future, sentAt: NOW }
    expect(asOf(present, NOW)).toBe(present)
    expect(asOf(sentOnce, NOW)).toBe(sentOnce)
  })
})

describe('the policy', () => {
  const sends = (n: number, answers = 0) => ({ ...sentOnce, sends: n, answers, answeredSince: NOW })
  const window = { withinMs: 10 * MINUTE }
  test.each([
    ['never', sends(1), { resend: 'never', isSpent: true }, NOW, false],
    ['once more within the window', sends(1), { resend: window, isSpent: false }, NOW, true],
    ['not twice more', sends(2), { resend: window, isSpent: false }, NOW, false],
    ['not after the window', sends(1), { resend: window, isSpent: true }, NOW + 1, false],
    ['not while the bearer is good', sends(1), { resend: 'afterBearerEnds', isSpent: false }, NOW, false],
    ['when it is gone', sends(9, 3), { resend: 'afterBearerEnds', isSpent: true }, NOW, true],
    ['not after four answers', sends(9, 4), { resend: 'afterBearerEnds', isSpent: true }, NOW, false],
  ] as const)('permits one more send: %s', (_, doubt, { resend, isSpent }, now, may) => {
    expect(mayResend(doubt, { resend, isSpent }, now)).toBe(may)
  })

  test.each([
    ['never sends again', sends(1), 'never', NOW, true],
    ['has its window', sends(1), window, NOW, false],
    ['is after its window', sends(1), window, NOW + 1, true],
    ['has sent twice', sends(2), window, NOW, true],
    ['has three answers', sends(9, 3), 'afterBearerEnds', NOW + 2 * MINUTE, false],
    ['has four answers within two minutes', sends(4, 4), 'afterBearerEnds', NOW + 2 * MINUTE - 1, false],
    ['has four answers over two minutes', sends(4, 4), 'afterBearerEnds', NOW + 2 * MINUTE, true],
  ] as const)('gives up what %s: %#', (_, doubt, resend, now, is) => {
    expect(isGivenUp(doubt, resend, now)).toBe(is)
  })

  test('the last of four answers gives up two minutes after the first of them', () => {
    expect(givenUpAt(sends(4, 4))).toBe(NOW + 2 * MINUTE)
    expect(givenUpAt(sends(9, 3))).toBe(NEVER)
  })
})

describe('the wait after a send', () => {
  test.each([
    [0, 10],
    [1, 10],
    [2, 30],
    [3, 80],
    [4, 120],
    [5, 240],
    [6, 300],
    [7, 300],
    [99, 300],
  ])('number %i is %i s, and up to a quarter more', (sends, seconds) => {
    const doubt = { ...NO_SENDS, sends }
    expect(waitAfter(doubt, 'afterBearerEnds', 0)).toBe(seconds * SECOND)
    expect(waitAfter(doubt, 'never', 1)).toBe(seconds * SECOND * 1.25)
  })

  test('within a window of grace is half a second to a second, and half of the window at most', () => {
    const doubt = { ...NO_SENDS, sends: 1 }
    expect(waitAfter(doubt, { withinMs: MINUTE }, 0)).toBe(500)
    expect(waitAfter(doubt, { withinMs: MINUTE }, 1)).toBe(1_000)
    expect(waitAfter(doubt, { withinMs: 600 }, 1)).toBe(300)
  })

  test('who asks early waits for five seconds, and for a Retry-After', () => {
    const row = { sentAt: NOW, notBefore: NOW + 10 * SECOND, heldUntil: 0 }
    expect(dueAt(row, false)).toBe(NOW + 10 * SECOND)
    expect(dueAt(row, true)).toBe(NOW + 5 * SECOND)
    expect(dueAt({ ...row, notBefore: NOW + 1 }, true)).toBe(NOW + 1)
    expect(dueAt({ ...row, heldUntil: NOW + MINUTE }, true)).toBe(NOW + MINUTE)
    expect(dueAt({ ...row, heldUntil: NOW + MINUTE }, false)).toBe(NOW + MINUTE)
  })
})

describe('the decision', () => {
  const waiting: LedgerRow = { ...sentOnce, sentAt: NOW - SECOND, notBefore: NOW + 9 * SECOND }
  test.each([
    ['nothing is known', null, ask, { kind: 'send' }],
    ['it was never sent', blank(NOW), ask, { kind: 'send' }],
    ['it was never sent, and the bearer is good', blank(NOW), { ...ask, isSpent: false }, { kind: 'send' }],
    ['it is spent', { ...sentOnce, closed: 'consumed' }, ask, { kind: 'consumed' }],
    [
      'it was rejected',
      { ...sentOnce, closed: 'accessRevoked' },
      ask,
      { kind: 'rejected', reason: 'accessRevoked' },
    ],
    ['a send is running', { ...sentOnce, openUntil: NOW + 7 }, ask, { kind: 'open', waitMs: 7 }],
    ['the send that ran has timed out', { ...sentOnce, openUntil: NOW }, ask, { kind: 'send' }],
    ['its backoff is over', sentOnce, ask, { kind: 'send' }],
    ['its backoff ends now', { ...sentOnce, notBefore: NOW }, ask, { kind: 'send' }],
    ['its backoff runs', waiting, ask, { kind: 'doubt', waitMs: 9 * SECOND }],
    [
      'its backoff runs, for who asks early',
      waiting,
      { ...ask, isEarly: true },
      { kind: 'doubt', waitMs: 4 * SECOND },
    ],
    ['the policy forbids it', sentOnce, { ...ask, resend: 'never' }, { kind: 'doubt', waitMs: NEVER }],
    ['the holder alone knows of a send', null, { ...ask, known: sentOnce }, { kind: 'send' }],
    [
      'the holder alone knows of a send, and the policy forbids another',
      null,
      { ...ask, resend: 'never', known: sentOnce },
      { kind: 'doubt', waitMs: NEVER },
    ],
    [
      'the holder knows of more answers than the row',
      sentOnce,
      { ...ask, known: { ...sentOnce, answers: 4, answeredSince: NOW } },
      { kind: 'doubt', waitMs: NEVER },
    ],
    [
      'the holder knows of no send',
      { ...blank(NOW), heldUntil: NOW + 1 },
      { ...ask, known: NO_SENDS },
      { kind: 'send' },
    ],
  ] as const)('when %s', (_, row, asked, decision) => {
    expect(decide(row, asked, NOW)).toEqual(decision)
  })
})

describe('a send', () => {
  test('opens the row of a token that was never sent', () => {
    expect(opened(null, ask, NOW, 30 * SECOND)).toEqual({
      sends: 1,
      since: NOW,
      answers: 0,
      answeredSince: NEVER,
      sentAt: NOW,
      notBefore: NOW + 10 * SECOND,
      heldUntil: 0,
      openUntil: NOW + 30 * SECOND,
    })
  })

  test('counts what the row and its holder know, and waits longer each time', () => {
    const known = { sends: 4, since: NOW - MINUTE, answers: 1, answeredSince: NOW - SECOND }
    expect(opened(sentOnce, { ...ask, known }, NOW, SECOND)).toEqual({
      ...sentOnce,
      sends: 5,
      answers: 1,
      answeredSince: NOW - SECOND,
      sentAt: NOW,
      notBefore: NOW + 240 * SECOND,
      openUntil: NOW + SECOND,
    })
  })

  const open = opened(sentOnce, ask, NOW - SECOND, MINUTE)
  const { openUntil: _, ...rest } = open
  const settle = (result: Parameters<typeof settled>[2], roll = 0) =>
    settled(open, sentOnce, result, 'afterBearerEnds', NOW, roll)

  test('that renewed leaves nothing, and one that was not processed leaves the row before it', () => {
    expect(settle({ kind: 'renewed' })).toBeNull()
    expect(settle({ kind: 'unsent' })).toBe(sentOnce)
  })

  test('closes the row with what is definitive', () => {
    expect(settle({ kind: 'consumed' })).toEqual({ ...rest, closed: 'consumed' })
    expect(settle({ kind: 'rejected', reason: 'identityMismatch' })).toEqual({
      ...rest,
      closed: 'identityMismatch',
    })
  })

  test('without a definitive answer waits from now on; an answer of the backend is counted', () => {
    expect(settle({ kind: 'unknown', answered: false })).toEqual({
      ...rest,
      notBefore: NOW + 30 * SECOND,
      heldUntil: NOW,
    })
    expect(settle({ kind: 'unknown', answered: true, retryAfterMs: MINUTE }, 1)).toEqual({
      ...rest,
      answers: 1,
      answeredSince: NOW,
      notBefore: NOW + 37_500,
      heldUntil: NOW + MINUTE,
    })
  })

  test('a Retry-After holds for five minutes at most, and one that is no number holds nothing', () => {
    const heldUntil = (retryAfterMs: number) =>
      settle({ kind: 'unknown', answered: false, retryAfterMs })?.heldUntil
    expect(heldUntil(3_600_000)).toBe(NOW + 5 * MINUTE)
    expect(heldUntil(NaN)).toBe(NOW)
  })

  test('the first answer keeps its instant', () => {
    const before = { ...sentOnce, answers: 1, answeredSince: NOW - MINUTE }
    const again = opened(before, ask, NOW - SECOND, MINUTE)
    const result = { kind: 'unknown', answered: true } as const
    expect(settled(again, before, result, 'never', NOW, 0)).toMatchObject({
      answers: 2,
      answeredSince: NOW - MINUTE,
    })
  })
})

describe('a row of a store', () => {
  const unreadable = {
    sends: 1,
    since: 0,
    answers: 0,
    answeredSince: NEVER,
    sentAt: 0,
    notBefore: 0,
    heldUntil: 0,
  }

  test('comes back as it is, without what is not its own', () => {
    expect(readRow({ ...sentOnce, more: 'x' })).toEqual(sentOnce)
    const full = { ...sentOnce, answers: 0, openUntil: NOW, closed: 'internal' } as const
    expect(readRow(full)).toEqual(full)
    expect(Object.keys(readRow(sentOnce) ?? {})).toEqual(Object.keys(sentOnce))
  })

  test('there is none', () => {
    expect(readRow(undefined)).toBeUndefined()
    expect(readRow(null)).toBeUndefined()
  })

  test.each(Object.keys(CLOSED))('closed by %s stays closed', (closed) => {
    expect(readRow({ ...sentOnce, closed })).toMatchObject({ closed })
  })

  test.each([
    ['a count below zero', { sends: -1 }],
    ['half a count', { sends: 1.5 }],
    ['answers below zero', { answers: -1 }],
    ['no count', { answers: '1' }],
    ['an instant that is none', { since: NaN }],
    ['an instant that is a word', { sentAt: 'now' }],
    ['an instant that is missing', { notBefore: undefined }],
    ['an open end without end', { openUntil: Infinity }],
    ['an unknown reason', { closed: 'whatever' }],
    ['a name that every object has', { closed: 'toString' }],
  ])('with %s counts as a send of which nobody knows', (_, damage) => {
    expect(readRow({ ...sentOnce, ...damage })).toEqual(unreadable)
  })
})
