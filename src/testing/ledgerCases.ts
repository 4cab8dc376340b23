import type { FlightAsk } from '../coordination/coordinator.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { expectSame } from './conformanceCase.ts'
import {
  type CoordinatorCases,
  type CoordinatorSubject,
  heldBackend,
  kindOf,
  OK,
  promptBackend,
} from './coordinatorSubject.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const REJECTED: RefreshOutcome = { kind: 'rejected', reason: 'missingCredential' }
const SILENT: RefreshOutcome = { kind: 'unknown', cause: 'timeout', answered: false }
const ANSWERED: RefreshOutcome = { kind: 'unknown', cause: 'refreshFailed', answered: true }
const CONSUMED: RefreshOutcome = { kind: 'unknown', cause: 'consumed', answered: true, consumed: true }

/** Callers that know more than the row, or that have more rights. */
const asks: readonly Partial<FlightAsk>[] = [
  {},
  { isEarly: true },
  { known: { sends: 9, sinceMs: HOUR, answers: 1, answeredSinceMs: HOUR } },
  { resend: { withinMs: HOUR } },
]

type Answer = Awaited<ReturnType<CoordinatorSubject['coordinator']['run']>>

/** The doubt that an unknown outcome reports. */
function doubtIn(found: Answer) {
  if (found.kind !== 'unknown' || !found.doubt)
    throw new Error(`answer: ${JSON.stringify(found)}, not an unknown outcome with its doubt`)
  return found.doubt
}

/** Only the row decides whether a token in doubt is sent, whoever asks and whatever the caller remembers. */
export const ledgerCases: CoordinatorCases = {
  async 'in doubt who remembers nothing is held until the row says, and then sends'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend((n) => (n === 1 ? SILENT : OK))
    await record(identity())
    const { waitMs, sends: told } = doubtIn(await coordinator.run(flight()))
    expectSame('sends told', told, 1)
    expectSame('a wait of some seconds is told', waitMs > SECOND && waitMs < MINUTE, true)
    doubtIn(await other.run(flight()))
    await advance(waitMs - SECOND)
    const left = doubtIn(await other.run(flight())).waitMs
    expectSame('what is left of the wait', Math.round(left / SECOND), 1)
    expectSame('sends before the wait is over', sends.length, 1)
    await advance(left + 1)
    expectSame('after the wait', kindOf(await other.run(flight())), 'ok')
    expectSame('sends', sends.length, 2)
  },

  async 'without an answer of the backend sends get rarer and never cease'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend(() => SILENT)
    await record(identity())
    let last = 0
    for (let count = 1; count <= 8; count++) {
      const by = count % 2 ? coordinator : other
      const { waitMs, ...told } = doubtIn(await by.run(flight()))
      expectSame('sends told', [told.sends, told.answers, sends.length], [count, 0, count])
      expectSame('the waits grow, to 375 s at most', waitMs >= last * 0.75 && waitMs <= 375 * SECOND, true)
      last = waitMs
      await advance(waitMs + 1)
    }
    expectSame('the last wait is of minutes', last >= 5 * MINUTE, true)
    await advance(23 * HOUR)
    expectSame('sends told a day later', doubtIn(await other.run(flight())).sends, 9)
  },

  async 'four answers that tell nothing are the last word, ten minutes and 23 hours later, too'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend(() => ANSWERED)
    await record(identity())
    for (let count = 1; count <= 4; count++) {
      const { waitMs, answers } = doubtIn(await (count % 2 ? coordinator : other).run(flight()))
      expectSame('answers told', answers, count)
      await advance(waitMs + 1)
    }
    for (const ms of [0, 10 * MINUTE, 23 * HOUR - 10 * MINUTE]) {
      await advance(ms)
      for (const by of [other, coordinator])
        for (const ask of [{}, { isEarly: true }]) {
          const { answers, answeredSinceMs = 0 } = doubtIn(await by.run(flight({}, ask)))
          expectSame('answers told', answers, 4)
          expectSame('they spread over two minutes', answeredSinceMs >= 2 * MINUTE, true)
        }
    }
    expectSame('sends', sends.length, 4)
  },

  async 'what is known to be spent is never sent again, ten minutes and 23 hours later, too'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend((n) => (n === 1 ? CONSUMED : OK))
    await record(identity())
    await coordinator.run(flight())
    for (const ms of [0, 10 * MINUTE, 23 * HOUR - 10 * MINUTE]) {
      await advance(ms)
      for (const by of [other, coordinator])
        for (const ask of asks) {
          const found = await by.run(flight({}, ask))
          expectSame('it is told', found.kind === 'unknown' && found.consumed, true)
        }
    }
    expectSame('sends', sends.length, 1)
  },

  async 'a rejection counts for everybody with its reason, ten minutes and 23 hours later, too'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend((n) => (n === 1 ? REJECTED : OK))
    await record(identity())
    await coordinator.run(flight())
    for (const ms of [0, 10 * MINUTE, 23 * HOUR - 10 * MINUTE]) {
      await advance(ms)
      for (const by of [other, coordinator])
        for (const ask of asks) expectSame('it is told', await by.run(flight({}, ask)), REJECTED)
    }
    expectSame('sends', sends.length, 1)
  },

  async 'an owner that died leaves a send without an answer, and no lock'({
    coordinator,
    other,
    advance,
    record,
  }) {
    if (other === coordinator) return
    const dead = heldBackend(() => OK)
    const { sends, flight, identity } = promptBackend(() => OK)
    await record(identity())
    void coordinator.run(dead.flight())
    await dead.arrived
    await advance(MINUTE)
    const { sends: told, answers } = doubtIn(await other.run(flight({}, { isSpent: false })))
    expectSame('what is told while the bearer is good', [told, answers, sends.length], [1, 0, 0])
    expectSame('who needs it', kindOf(await other.run(flight())), 'ok')
    expectSame('sends', sends.length, 1)
  },

  async 'who asks early waits for no backoff, but for five seconds and a Retry-After'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const outcomes = [SILENT, { ...SILENT, retryAfterMs: MINUTE }, OK]
    const { sends, flight, identity } = promptBackend((n) => outcomes[n - 1] ?? OK)
    await record(identity())
    const early = () => other.run(flight({}, { isEarly: true }))
    doubtIn(await coordinator.run(flight()))
    doubtIn(await early())
    await advance(6 * SECOND)
    doubtIn(await other.run(flight()))
    expectSame('sends within five seconds, and of who does not hurry', sends.length, 1)
    doubtIn(await early())
    expectSame('sends of who asks early', sends.length, 2)
    await advance(50 * SECOND)
    const found = await early()
    expectSame('sends while the backend asks to wait', sends.length, 2)
    const heldMs = found.kind === 'unknown' ? (found.retryAfterMs ?? 0) : 0
    expectSame('what is left of the Retry-After', Math.round(heldMs / SECOND), 10)
    await advance(11 * SECOND)
    expectSame('after that', kindOf(await early()), 'ok')
  },

  async 'what a holder remembers only raises the row'({ coordinator, other, record }) {
    const { sends, flight, identity } = promptBackend(() => SILENT)
    await record(identity())
    const known = { sends: 5, sinceMs: HOUR, answers: 4, answeredSinceMs: HOUR }
    const held = doubtIn(await coordinator.run(flight({}, { known })))
    expectSame('told of four answers', [held.sends, held.answers, sends.length], [5, 4, 0])
    const mild = { sends: 5, sinceMs: HOUR, answers: 2, answeredSinceMs: HOUR }
    const sent = doubtIn(await coordinator.run(flight({}, { known: mild })))
    expectSame('told of two', [sent.sends, sent.answers, sends.length], [6, 2, 1])
    const told = doubtIn(await other.run(flight({}, { known: { sends: 1, sinceMs: 0, answers: 0 } })))
    expectSame('told to who knows less', [told.sends, told.answers, sends.length], [6, 2, 1])
  },

  async 'a send that was not processed leaves the doubt as it was'({ coordinator, other, advance, record }) {
    const outcomes: RefreshOutcome[] = [ANSWERED, { kind: 'refused', cause: 'unavailable' }]
    const { sends, flight, identity } = promptBackend((n) => outcomes[n - 1] ?? OK)
    await record(identity())
    await advance(doubtIn(await coordinator.run(flight())).waitMs + 1)
    expectSame('not processed', kindOf(await coordinator.run(flight())), 'refused')
    const told = doubtIn(await other.run(flight({}, { isSpent: false })))
    expectSame('told', [told.sends, told.answers], [1, 1])
    expectSame('after that', kindOf(await other.run(flight())), 'ok')
    expectSame('sends', sends.length, 3)
  },

  async 'in doubt the policy decides: none, one inside its window, or none before the bearer ends'({
    coordinator,
    other,
    advance,
    record,
  }) {
    const { sends, flight, identity } = promptBackend(() => SILENT)
    await record(identity())
    await coordinator.run(flight({}, { resend: 'never' }))
    await advance(HOUR)
    doubtIn(await other.run(flight({}, { resend: 'never' })))
    doubtIn(await other.run(flight({}, { resend: { withinMs: MINUTE } })))
    doubtIn(await other.run(flight({}, { isSpent: false })))
    expectSame('sends', sends.length, 1)
    doubtIn(await other.run(flight({}, { resend: { withinMs: 2 * HOUR } })))
    expectSame('sends inside the window', sends.length, 2)
    await advance(MINUTE)
    doubtIn(await other.run(flight({}, { resend: { withinMs: 2 * HOUR } })))
    expectSame('sends after that', sends.length, 2)
  },

  async 'a token that a renewal left as it is is free again'({ coordinator, other, advance, record }) {
    const outcomes: RefreshOutcome[] = [SILENT, { kind: 'ok', bearer: 'bearer-2' }]
    const { sends, flight, identity } = promptBackend((n) => outcomes[n - 1] ?? OK)
    await record(identity())
    await advance(doubtIn(await coordinator.run(flight())).waitMs + 1)
    expectSame('renewed', kindOf(await coordinator.run(flight())), 'ok')
    await record(identity({ bearer: 'bearer-2' }))
    const later = flight({ bearer: 'bearer-2' }, { isSpent: false })
    expectSame('next', kindOf(await other.run(later)), 'ok')
    expectSame('sends', sends.length, 3)
  },
}
