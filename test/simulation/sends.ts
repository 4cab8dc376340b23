import { againstResend } from '../proof/judge/againstResend.ts'
import type { Answer, Route } from './backend.ts'
import type { Court } from './court.ts'
import type { Family, Grant } from './provider.ts'
import type { Caller } from './wire.ts'

/** One presentation of a refresh token, as the network and the backend saw it. */
export interface Send extends Caller {
  readonly family: Family
  readonly index: number
  readonly at: number
  closedAt?: number
  /** The backend has spent the token. */
  isProcessed?: boolean
  /**
   * What its sender has learned. `refused`: not processed. `lost`: nothing. `delivered`: the next tokens.
   * `ambiguous`: words of the backend that may mean anything. `silent`: words of something in between.
   */
  fate: 'open' | 'refused' | 'lost' | 'delivered' | 'rejected' | 'ambiguous' | 'silent' | 'unsupported'
}

interface Token {
  readonly sends: Send[]
  /** A renewal with it has reached its sender. */
  deliveredAt?: number
}

interface Grants {
  readonly tokens: Map<number, Token>
  /** The newest bearer that reached somebody, and when. */
  received: { number: number; at: number }
  /** The newest bearer that was written into a record, and when. */
  stored: { number: number; at: number }
  /** A 401 was delivered for this bearer. */
  rejectedNumber: number
  forcedAt: number
}

const WINDOW_MS = 60_000
const FLOOR_MS = 5_000
/** What tells the sender nothing of its token. */
const UNCERTAIN: readonly Send['fate'][] = ['lost', 'ambiguous', 'silent', 'open']
/** How far apart the clocks of processes may be (`docs/deployment.md`); milliseconds. */
export const INTENT_MARGIN_MS = 5_000
const REMEMBERED = 3
/** A server writes down what became of a send before it tells its limiter; its store takes at most so long. */
const HEARD_MS = 5_000

/** I1, I2, I5, I9, I11 and I12: what becomes of refresh tokens. */
export function createSends(court: Court) {
  const { time, lifeMs, rulesOf, slackOf, violate } = court
  const grants = new WeakMap<Family, Grants>()
  const open = new Map<string, Send>()
  const lastSends = new Map<number, number[]>()
  const limits = new Map<string, { since: number; until: number }>()

  function of(family: Family): Grants {
    let found = grants.get(family)
    if (!found) {
      found = {
        tokens: new Map(),
        received: { number: 1, at: time.now() },
        stored: { number: 0, at: -Infinity },
        rejectedNumber: 0,
        forcedAt: -Infinity,
      }
      grants.set(family, found)
    }
    return found
  }

  function tokenOf(family: Family, index: number): Token {
    const { tokens } = of(family)
    let token = tokens.get(index)
    if (!token) {
      token = { sends: [] }
      tokens.set(index, token)
      if (tokens.size > REMEMBERED) tokens.delete(tokens.keys().next().value as number)
    }
    return token
  }

  /** The bearer that its holder believes in is over, by a clock or by a 401. */
  function isSpent(family: Family, seat: number): boolean {
    const { received, rejectedNumber } = of(family)
    const bearer = family.recent.find(({ number }) => number === received.number)
    if (!bearer || rejectedNumber >= received.number) return true
    // Its life may have been told in whole seconds.
    return time.now() >= bearer.endsAt - 1_050 - slackOf(seat, bearer.mintedAt)
  }

  function judgeRepeat(next: Send, token: Token): void {
    const { family, index, seat } = next
    const { hasIntents, resend } = rulesOf(seat)
    const before = token.sends.filter(({ fate }) => fate !== 'refused')
    const last = before.at(-1)
    if (!last) return
    const name = `refresh token ${family.id}.${index}`
    const first = before[0] as Send
    // Without its record nobody knows of the others.
    const isLost = court.troubled(seat, family.startedAt, ['emptied', 'failover'])
    if (isLost) return
    // An intent is in force for a little longer than an attempt, by the clock of who looks.
    const isMisled = hasIntents && slackOf(seat, first.at) > INTENT_MARGIN_MS
    const flying = before.find((send) => send.fate === 'open' && !send.place.isStill() && !isMisled)
    if (flying)
      violate('I1', seat, `${name} is sent while it is in the air since ${time.now() - flying.at} ms`)
    const unkept = court.troubled(seat, first.at, ['crash', 'pause', 'storeFails', 'storeSlow', 'ackLost'])
    const isStored = newerIsStored(family, index)
    // Whoever was misled takes the row of another's send for its own, and what became of that is written nowhere.
    const isKept = (send: Send) =>
      !isMisled ||
      [...before, next].every(({ at }) => at <= send.at || at >= (send.closedAt ?? Infinity) + HEARD_MS)
    const known = before.find((send) => ['delivered', 'rejected'].includes(send.fate) && isKept(send))
    if (known && family.rotation === 'strict' && (isStored || !unkept))
      violate('I1', seat, `${name} is sent again after it was ${known.fate}`)
    if (known || (unkept && !hasIntents)) return
    if (family.rotation === 'none') return
    const doubtful = before.filter(({ fate }) => UNCERTAIN.includes(fate))
    const since = doubtful[0]?.at ?? next.at
    for (const how of againstResend(resend, {
      doubts: doubtful.length,
      answers: doubtful.filter((send) => send.fate === 'ambiguous' && isKept(send)).length,
      sinceMs: next.at - since - slackOf(seat, since),
      isSpent: isSpent(family, seat),
    }))
      violate('I1', seat, `${name} is sent ${how}`)
  }

  function newerIsStored(family: Family, index: number): boolean {
    const { stored } = of(family)
    return family.recent.some((bearer) => bearer.number === stored.number && bearer.index > index)
  }

  /** I2, I11, I12: nobody sends who has a newer one, or no reason to. */
  function judgeNeed(next: Send, token: Token): void {
    const { family, index, seat } = next
    const grant = of(family)
    const { policy, leadTimeMs } = rulesOf(seat)
    const bearer = family.recent.find(({ number }) => number === grant.received.number)
    if (!bearer || token.sends.length > 0) return
    if (
      index < family.index &&
      newerIsStored(family, index) &&
      !court.troubled(seat, grant.stored.at, ['failover', 'emptied'])
    )
      violate('I2', seat, `refresh token ${family.id}.${index} is sent though a newer one is stored`)
    const lead = Math.min(leadTimeMs, lifeMs / 2)
    const jitter = policy === 'eager' ? Math.min(lifeMs * 0.2, 180_000) : 0
    const early = bearer.endsAt - lead - jitter - 2_000 - slackOf(seat, bearer.mintedAt) - time.now()
    const isAsked = grant.forcedAt >= grant.received.at || grant.rejectedNumber >= grant.received.number
    if (early > 0 && !isAsked && index === family.index)
      violate(
        'I11',
        seat,
        `refresh token ${family.id}.${index} is sent ${Math.round(early)} ms too early, and nobody asked`,
      )
  }

  function judgeRate({ seat, place, family }: Send): void {
    const now = time.now()
    const times = (lastSends.get(seat) ?? []).filter((at) => at > now - WINDOW_MS)
    times.push(now)
    lastSends.set(seat, times)
    const floor = Math.min(FLOOR_MS, lifeMs / 2)
    // Refusals back off from half a second up to a minute, each copy of a session by itself: seven fit into the first.
    if (times.length > Math.ceil(WINDOW_MS / floor) + 1 + 7 * rulesOf(seat).copies)
      violate('I12', seat, `${times.length} refreshes within a minute`)
    // A logout is no refresh of a session.
    const { since, until } = limits.get(place.name) ?? { since: 0, until: 0 }
    const at = place.clock.monotonic()
    if (!family.isLeaving && at > since + HEARD_MS && at < until)
      violate('I12', seat, 'a refresh is sent though the limiter said to wait')
  }

  return {
    of,
    isSpent,
    sent(caller: Caller, _: Route, family: Family, index: number): Send {
      const send: Send = { ...caller, family, index, at: time.now(), fate: 'open' }
      const token = tokenOf(family, index)
      const key = `${caller.place.name} ${caller.seat} ${caller.tab} ${family.id}`
      if (open.has(key)) violate('I9', caller.seat, `tab ${caller.tab} has two refreshes in the air`)
      open.set(key, send)
      judgeRepeat(send, token)
      judgeNeed(send, token)
      judgeRate(send)
      token.sends.push(send)
      if (token.sends.length > 50) token.sends.splice(0, 25)
      return send
    },
    closed(send: Send, fate: Send['fate']): void {
      send.fate = fate
      send.closedAt = time.now()
      const key = `${send.place.name} ${send.seat} ${send.tab} ${send.family.id}`
      if (open.get(key) === send) open.delete(key)
    },
    delivered({ family, index }: Send, { bearer }: Grant): void {
      const grant = of(family)
      if (bearer.number > grant.received.number) grant.received = { number: bearer.number, at: time.now() }
      tokenOf(family, index).deliveredAt ??= time.now()
    },
    /** Every process of this place waits so long. */
    limited(caller: Caller, answer: Answer): void {
      const seconds = Number(answer.headers['retry-after'])
      if (!(seconds > 0)) return
      const { name, clock } = caller.place
      const now = clock.monotonic()
      const before = limits.get(name)
      const since = before && before.until > now ? before.since : now
      limits.set(name, { since, until: Math.max(before?.until ?? 0, now + seconds * 1_000) })
    },
    /** Whoever sent from there will learn nothing any more. */
    died(name: string): void {
      for (const [key, send] of open)
        if (send.place.name === name) {
          send.fate = 'lost'
          send.closedAt = time.now()
          open.delete(key)
        }
      limits.delete(name)
    },
  }
}

export type Sends = ReturnType<typeof createSends>
