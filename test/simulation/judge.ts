import type { Answer, Asked, Route } from './backend.ts'
import { createCalls } from './calls.ts'
import { type CourtOptions, createCourt } from './court.ts'
import { createEnds } from './ends.ts'
import type { Family, Grant, Provider } from './provider.ts'
import { createSends, type Send } from './sends.ts'
import type { Caller } from './wire.ts'

export type { Send } from './sends.ts'

/** Knows everything, asks no part of the system under test, and remembers only what may still matter. */
export function createJudge(options: CourtOptions, provider: Provider) {
  const court = createCourt(options)
  const sends = createSends(court)
  const calls = createCalls(court, sends)
  const ends = createEnds(court, calls)
  const counts = { refreshes: 0, renewed: 0, calls: 0 }
  /** From one state of a chart to another, and how often. */
  const moves: Record<string, number> = {}
  return {
    ...court,
    counts,
    moves,
    moved(from: string, to: string) {
      const move = `${from} → ${to}`
      moves[move] = (moves[move] ?? 0) + 1
    },
    lost: ends.lost,
    call: calls.started,
    settled: calls.settled,
    expired: ends.expired,
    notice: ends.notice,
    left: calls.left,
    sent(caller: Caller, route: Route, token: string): Send | undefined {
      const found = provider.find(token)
      if (!found) {
        court.violate('I7', caller.seat, 'a refresh token from nowhere is sent')
        return undefined
      }
      counts.refreshes += 1
      const { family, index } = found
      if (family.seat !== caller.seat)
        court.violate('I7', caller.seat, `a refresh token of seat ${family.seat} is sent`)
      // A server may need one more refresh to log out.
      if (!options.rulesOf(caller.seat).hasIntents && calls.leftAt(family, caller) < options.time.now())
        court.violate('I5', caller.seat, `refresh token ${family.id}.${index} is sent after the logout`)
      court.trace.note(caller.seat, `tab ${caller.tab} sends ${family.id}.${index}`)
      const send = sends.sent(caller, route, family, index)
      ends.sent(send)
      return send
    },
    closed: sends.closed,
    processed(send: Send, { verdict }: Answer): void {
      if (verdict === 'rotated') send.isProcessed = true
    },
    delivered(send: Send, grant: Grant): void {
      counts.renewed += 1
      sends.delivered(send, grant)
      if (calls.leftAt(send.family, send) < Infinity) ends.orphaned(send, grant.bearer)
    },
    limited: sends.limited,
    arrived(caller: Caller, asked: Asked): void {
      counts.calls += 1
      const text = (asked.headers.get('authorization') ?? '').replace('Bearer ', '')
      calls.arrived(caller, asked, provider.bearer(text))
    },
    /** Nobody will ever answer. */
    swallowed: calls.swallowed,
    /** A 401 for this bearer has reached its holder. */
    rejected(asked: Asked): void {
      const bearer = provider.bearer((asked.headers.get('authorization') ?? '').replace('Bearer ', ''))
      if (!bearer) return
      const grant = sends.of(bearer.family)
      grant.rejectedNumber = Math.max(grant.rejectedNumber, bearer.number)
    },
    /** The user, or a program, wants a refresh whatever the clock says. */
    forced(family: Family): void {
      sends.of(family).forcedAt = options.time.now()
    },
    ending(_: Caller, asked: Asked): void {
      const text = (asked.headers.get('authorization') ?? '').replace('Bearer ', '')
      const family =
        provider.bearer(text)?.family ??
        provider.find(new URLSearchParams(asked.body).get('token') ?? '')?.family
      if (family) ends.revoking(family)
    },
    /** A record holds this bearer. */
    stored(bearerText: string | undefined): void {
      const bearer = bearerText === undefined ? undefined : provider.bearer(bearerText)
      if (!bearer) return
      const grant = sends.of(bearer.family)
      if (bearer.number > grant.stored.number)
        grant.stored = { number: bearer.number, at: options.time.now() }
    },
    died(name: string): void {
      sends.died(name)
      calls.died(name)
      ends.died(name)
    },
    /** What time alone shows. */
    look(): void {
      calls.judgeOpen()
      ends.judgeOrphans()
    },
    /** Resolves bearers that a caller was given. */
    bearer: provider.bearer,
    /** Of a stored refresh token. */
    grantOf: (token: string | undefined) => (token === undefined ? undefined : provider.find(token)?.family),
  }
}

export type Judge = ReturnType<typeof createJudge>
