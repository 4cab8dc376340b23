import {
  type Coordinator,
  type Flight,
  inProcessCoordinator,
  type KnownSends,
  type RefreshOutcome,
} from 'xstate-session'
import { type FakeClock, fakeClock } from '../fakeClock.ts'

type Outcome = Awaited<ReturnType<Coordinator['run']>>

const keyOf = ({ identity }: Flight) => `${identity.userId} ${identity.sessionId} ${identity.refreshToken}`

/** A coordinator like `inner` that asks it for another flight. */
const asking = (inner: Coordinator, other: (flight: Flight) => Flight): Coordinator => ({
  ...inner,
  run: (flight) => inner.run(other(flight)),
})

/** One that tells its ledger something else than what came. */
const misheard = (inner: Coordinator, heard: (outcome: RefreshOutcome) => RefreshOutcome) =>
  asking(inner, (flight) => ({ ...flight, send: async () => heard(await flight.send()) }))

const told = (inner: Coordinator, other: (outcome: Outcome) => Outcome): Coordinator => ({
  ...inner,
  run: async (flight) => other(await inner.run(flight)),
})

/** Coordinators with one mistake each, made of the right one. */
export const wrongCoordinators: Readonly<
  Record<string, (inner: Coordinator, clock: FakeClock) => Coordinator>
> = {
  'lets everybody send': (inner) => ({ ...inner, run: (flight) => flight.send() }),

  'mixes up users': (inner) =>
    asking(inner, (flight) => ({ ...flight, identity: { ...flight.identity, userId: 'all' } })),

  'knows no token from the next': (inner) =>
    asking(inner, (flight) => ({ ...flight, identity: { ...flight.identity, refreshToken: 'any' } })),

  'logs a user out for good'(inner) {
    const users = new Set<string>()
    return {
      run: async (flight) => (users.has(flight.identity.userId) ? { kind: 'ended' } : inner.run(flight)),
      end(identity) {
        users.add(identity.userId)
        inner.end(identity)
      },
    }
  },

  'forgets logouts': (inner) => ({ ...inner, end: () => {} }),

  'sends again only for who knows of every send'(inner) {
    const last = new Map<string, { sends: number; outcome: Outcome }>()
    return {
      ...inner,
      async run(flight) {
        const before = last.get(keyOf(flight))
        if (before && (flight.ask.known?.sends ?? 0) < before.sends) return before.outcome
        const outcome = await inner.run(flight)
        if (outcome.kind === 'unknown') last.set(keyOf(flight), { sends: outcome.doubt?.sends ?? 1, outcome })
        return outcome
      },
    }
  },

  'takes the words of a gateway for those of the backend': (inner) =>
    misheard(inner, (outcome) => (outcome.kind === 'unknown' ? { ...outcome, answered: true } : outcome)),

  'counts no answers': (inner) =>
    misheard(inner, (outcome) => (outcome.kind === 'unknown' ? { ...outcome, answered: false } : outcome)),

  'forgets after five minutes and a half'(_, clock) {
    let inner = inProcessCoordinator({ clock })
    let madeAt = clock.monotonic()
    return {
      run(flight) {
        if (clock.monotonic() - madeAt > 330_000) inner = inProcessCoordinator({ clock })
        madeAt = clock.monotonic()
        return inner.run(flight)
      },
      end: (identity) => inner.end(identity),
    }
  },

  'files a token that is spent as one that may be': (inner) =>
    misheard(inner, (outcome) => {
      if (outcome.kind !== 'unknown') return outcome
      const { consumed, ...rest } = outcome
      return rest
    }),

  'loses the reason of a rejection': (inner) =>
    told(inner, (outcome) =>
      outcome.kind === 'rejected' ? { ...outcome, reason: 'refreshRejected' } : outcome,
    ),

  'lets nobody hurry': (inner) =>
    asking(inner, (flight) => ({ ...flight, ask: { ...flight.ask, isEarly: false } })),

  'does not hear a Retry-After': (inner) =>
    misheard(inner, (outcome) => {
      if (outcome.kind !== 'unknown') return outcome
      const { retryAfterMs, ...rest } = outcome
      return rest
    }),

  'believes no holder': (inner) =>
    asking(inner, (flight) => ({ ...flight, ask: { ...flight.ask, known: null } })),

  'takes the word of the last holder for all': (inner) => {
    const none: KnownSends = { sends: 0, sinceMs: 0, answers: 0 }
    return told(inner, (outcome) =>
      outcome.kind === 'unknown' && outcome.doubt
        ? { ...outcome, doubt: { ...outcome.doubt, ...none } }
        : outcome,
    )
  },

  'counts what was not processed': (inner) =>
    misheard(inner, (outcome) =>
      outcome.kind === 'refused' ? { kind: 'unknown', cause: 'status', answered: true } : outcome,
    ),

  'knows one policy': (inner) =>
    asking(inner, (flight) => ({
      ...flight,
      ask: { ...flight.ask, resend: 'afterBearerEnds', isSpent: true },
    })),

  'never frees a token that lives on': (inner) => {
    const doubted = new Map<string, Outcome>()
    return {
      ...inner,
      async run(flight) {
        const key = keyOf(flight)
        const before = doubted.get(key)
        if (before && !flight.ask.isSpent) return before
        const outcome = await inner.run(flight)
        if (outcome.kind === 'unknown') doubted.set(key, outcome)
        return outcome
      },
    }
  },
}

/** Two handles on one ledger, whose sender locks a token until it tells what came: should it die, for ever. */
export function lockingCoordinators() {
  const clock = fakeClock()
  const inner = inProcessCoordinator({ clock })
  const owners = new Map<string, object>()
  const handle = (): Coordinator => {
    const owner = {}
    return {
      ...inner,
      async run(flight) {
        const key = keyOf(flight)
        const held = owners.get(key)
        if (held && held !== owner) return { kind: 'refused', cause: 'unavailable' }
        owners.set(key, owner)
        try {
          return await inner.run(flight)
        } finally {
          owners.delete(key)
        }
      },
    }
  }
  return { coordinator: handle(), other: handle(), advance: clock.advance }
}
