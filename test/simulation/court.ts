import type { ExpiredReason, LoggedOutReason, SessionStateName } from '../../machines/session.types.ts'
import type { SessionNotice } from '../../src/session/notice.ts'
import type * as history from '../proof/judge/history.ts'
import { callName } from '../proof/judge/invariants/calls.ts'
import { createJudge, type Judge as OneJudge, processOf } from '../proof/judge/judge.ts'
import { createTroubles } from '../proof/judge/leeway.ts'
import type { Place } from '../proof/world/place.ts'
import type { Answer, Asked } from './backend.ts'
import type { Bearer, Family, Grant, Provider } from './provider.ts'
import type { Time } from './time.ts'
import type { Line, Trace } from './trace.ts'
import type { Caller } from './wire.ts'
import { type SeatRules, worldOf } from './worldOf.ts'

export interface Violation {
  /** `I1`, as `docs/proof.md` numbers them, or a crash. */
  readonly invariant: string
  readonly at: number
  readonly seat: number
  readonly text: string
  readonly evidence: readonly Line[]
}

export interface CourtOptions {
  readonly time: Time
  readonly trace: Trace
  readonly provider: Provider
  readonly lifeMs: number
  readonly rulesOf: (seat: number) => SeatRules
  /** How far the clocks of a seat may have been wrong since an instant; milliseconds. */
  readonly slackOf: (seat: number, since: number) => number
}

/**
 * What a sender has learned. `refused`: not processed. `lost`: nothing. `delivered`: the next tokens. `ambiguous`: words of the
 * backend that may mean anything. `silent`: words of something in between.
 */
export type Fate = 'refused' | 'lost' | 'delivered' | 'rejected' | 'ambiguous' | 'silent' | 'unsupported'

/** A call of a user: `getToken`, `fetch` or `refresh` of a page, or a request to a server. */
export interface Call extends history.Call {
  readonly id: string
  readonly caller: Caller
}

const MOST = 20
/** Writes down what happens to each seat, and has it judged. What a world of simulated faults cannot know is said here. */
export function createCourt({ time, trace, provider, lifeMs, rulesOf, slackOf }: CourtOptions) {
  const violations: Violation[] = []
  const counts = { refreshes: 0, renewed: 0, calls: 0, violations: 0 }
  const lost: Record<string, number> = {}
  /** From one state of a chart to another, and how often. */
  const moves: Record<string, number> = {}
  const judges = new Map<
    number,
    { readonly judge: OneJudge; readonly troubles: ReturnType<typeof createTroubles> }
  >()
  const places = new Map<string, Place>()
  const calls = new Map<string, Call>()
  const flying = new Map<history.Send, Caller>()
  const receivedAt = new WeakMap<history.Bearer, number>()
  /** Calls that the backend will never answer: their callers give them up. */
  const swallowed = new WeakSet<history.Call>()
  let last = 0

  function violate(invariant: string, seat: number, text: string): void {
    counts.violations += 1
    trace.note(seat, `VIOLATION ${invariant}: ${text}`)
    if (violations.length < MOST)
      violations.push({ invariant, at: time.now(), seat, text, evidence: trace.of(seat) })
  }

  /** A process keeps its name when it is started again. */
  const processNamed = ({ name }: Place) => processOf(name)
  /** Each tab of a browser is a process of its own; a server serves several sessions in one. */
  const nameOf = ({ place, tab, seat }: Caller) => {
    const process = processNamed(place)
    const name = rulesOf(Math.max(seat, 0)).hasIntents ? process : `${process}:${tab}`
    places.set(name, place)
    return name === process ? `${process}.${tab}` : name
  }

  function of(seat: number) {
    const known = judges.get(seat)
    if (known) return known
    const troubles = createTroubles(time.now)
    const judge = createJudge(
      worldOf({
        rules: rulesOf(seat),
        lifeMs,
        now: time.now,
        slackMs: (since) => slackOf(seat, since),
        placeOf: (by) => places.get(processOf(by)),
        stoodStill: (since) => troubles.since(since, ['pause', 'sleep']) !== undefined,
        receivedAt: (bearer) => receivedAt.get(bearer) ?? Infinity,
        isSwallowed: (call) => swallowed.has(call),
      }),
      // Of a bearer that looks like a JWT, its name.
      ({ invariant, text }) => violate(invariant, seat, text.replace(/\bh\.[\w-]+\./g, '')),
    )
    const own = { judge, troubles }
    judges.set(seat, own)
    return own
  }

  /** `seat` -1: nobody knows whose it is. */
  const note = (seat: number, event: history.HistoryEvent): void => {
    if (seat >= 0) of(seat).judge.note(event)
  }
  const bearerOf = (asked: Asked) =>
    provider.bearer((asked.headers.get('authorization') ?? '').replace('Bearer ', ''))
  const callOf = (asked: Asked) => calls.get(asked.url.searchParams.get('call') ?? '')

  function closed(send: history.Send, seat: number, result: NonNullable<history.Send['result']>): void {
    flying.delete(send)
    note(seat, { type: 'closed', send: Object.assign(send, { closedAt: time.now(), result }) })
  }

  return {
    trace,
    violations,
    counts,
    moves,
    violate,
    bearer: provider.bearer,
    /** Of a stored refresh token. */
    grantOf: (token: string | undefined) => (token === undefined ? undefined : provider.find(token)?.family),
    losses(): Record<string, number> {
      for (const { judge } of judges.values())
        for (const [cause, count] of Object.entries(judge.losses())) lost[cause] = (lost[cause] ?? 0) + count
      return lost
    },

    login(caller: Caller, family: Family, token: string): void {
      note(family.seat, { type: 'login', by: nameOf(caller), family, token })
    },
    loggedIn(caller: Caller, family: Family): void {
      note(caller.seat, { type: 'loggedIn', by: nameOf(caller), family })
    },
    logout(caller: Caller, family: Family | undefined): void {
      note(caller.seat, { type: 'logout', by: nameOf(caller), user: family?.user })
    },
    confirmed(by: string, family: Family): void {
      note(family.seat, { type: 'confirmed', by, family })
    },
    served(call: Call, family: Family): void {
      note(family.seat, { type: 'served', by: call.by, call, family })
    },

    call(caller: Caller, kind: Call['kind'], family: Family | undefined): Call {
      const by = nameOf(caller)
      const id = `${caller.seat}.${++last}`
      const call: Call = { id, caller, by, kind, number: last, at: time.now(), user: family?.user }
      calls.set(id, call)
      note(caller.seat, { type: 'called', call })
      trace.note(caller.seat, `tab ${caller.tab} ${kind} ${id}`)
      return call
    },
    /** `bearer`: what `getToken` gave. `result`: how it ended, in a word. */
    settled(call: Call, result: string, bearer?: Bearer): void {
      const { caller, kind, id } = call
      trace.note(caller.seat, `tab ${caller.tab} ${kind} ${id}: ${result}`)
      if (!calls.delete(id)) return
      if (bearer) note(caller.seat, { type: 'returned', call, bearer })
      note(caller.seat, { type: 'settled', call, result })
    },
    /** A call leaves its process, with a bearer. */
    wired(caller: Caller, asked: Asked): void {
      const call = callOf(asked)
      const bearer = bearerOf(asked)
      if (!call || !bearer) return
      note(call.caller.seat, {
        type: 'wired',
        by: nameOf(caller),
        call: callName(call),
        bearer,
        body: asked.body,
      })
    },
    arrived(): void {
      counts.calls += 1
    },
    /** Nobody will ever answer: a page gives it up in time, a server leaves that to its client. */
    swallowed(asked: Asked): void {
      const call = callOf(asked)
      if (call?.kind === 'request') swallowed.add(call)
    },
    /** A 401 for this bearer has reached its holder. */
    rejected(asked: Asked): void {
      const bearer = bearerOf(asked)
      if (bearer) bearer.isRejected = true
    },

    sent(caller: Caller, token: string): history.Send | undefined {
      const found = provider.find(token)
      if (!found) {
        violate('I7', caller.seat, 'a refresh token from nowhere is sent')
        return undefined
      }
      counts.refreshes += 1
      const { family, index } = found
      trace.note(caller.seat, `tab ${caller.tab} sends ${token}`)
      const send: history.Send = { by: nameOf(caller), token, family, index, at: time.now() }
      flying.set(send, caller)
      note(caller.seat, { type: 'sent', send })
      return send
    },
    processed(send: history.Send, { verdict }: Answer): void {
      if (verdict === 'rotated') send.isSpent = true
    },
    closed(send: history.Send, fate: Fate, grant?: Grant): void {
      const { seat } = send.family as Family
      const renewed = grant && grant.refreshToken !== send.token ? 'rotated' : 'kept'
      const results = {
        delivered: renewed,
        ambiguous: 'answered',
        lost: 'unknown',
        silent: 'unknown',
      } as const
      closed(send, seat, fate in results ? results[fate as keyof typeof results] : (fate as 'refused'))
    },
    delivered({ by, family }: history.Send, { refreshToken, bearer }: Grant): void {
      counts.renewed += 1
      receivedAt.set(bearer, time.now())
      note((family as Family).seat, { type: 'delivered', by, family, token: refreshToken, bearer })
    },
    limited(caller: Caller, answer: Answer): void {
      const seconds = Number(answer.headers['retry-after'])
      if (!(seconds > 0)) return
      const by = nameOf(caller)
      const seats = rulesOf(caller.seat).hasIntents ? judges.keys() : [caller.seat].values()
      for (const seat of seats) note(seat, { type: 'limited', by, waitMs: seconds * 1_000 })
    },
    /** Somebody asks the backend to end this grant: by its bearer, or by its token. */
    ending(asked: Asked): void {
      const family =
        bearerOf(asked)?.family ?? provider.find(new URLSearchParams(asked.body).get('token') ?? '')?.family
      // What was issued before ends with it.
      for (let index = 1; family && index <= family.index; index++)
        note(family.seat, { type: 'revoked', token: `r${family.id}-${index}` })
    },

    moved(
      caller: Caller,
      from: SessionStateName,
      to: SessionStateName,
      reason: string | null,
      user?: string,
    ): void {
      const move = `${from} → ${to}`
      moves[move] = (moves[move] ?? 0) + 1
      note(caller.seat, { type: 'moved', by: nameOf(caller), from, to, reason, user })
    },
    failed(caller: Caller): void {
      note(caller.seat, { type: 'failed', by: nameOf(caller) })
    },
    notice(caller: Caller, notice: SessionNotice): void {
      note(caller.seat, { type: 'told', by: nameOf(caller), notice })
    },
    /** The notice of a server. `session`: which of its process. Of its chart nothing else is seen. */
    serverNotice(caller: Caller, notice: SessionNotice, session: string, user: string | undefined): void {
      const { seat, place } = caller
      places.set(processNamed(place), place)
      const by = `${processNamed(place)}.${session}`
      // At rest a server's session is its record, and nothing else: it wakes with this, and tells its end anew.
      if (notice.type === 'nearingExpiry') note(seat, { type: 'woke', by, isEnding: false })
      note(seat, { type: 'told', by, notice })
      if (notice.type === 'expired')
        note(seat, { type: 'moved', by, from: 'retrying', to: 'expired', reason: notice.reason, user })
    },
    /** A user finds the session gone. */
    expired(
      seat: number,
      family: Family | undefined,
      reason: ExpiredReason | LoggedOutReason | '',
      seenAt: number,
    ): void {
      note(seat, { type: 'lost', by: 'user', family, reason, seenAt })
    },

    committed(caller: Caller, before: history.Stored | null, after: history.Stored): void {
      const by = nameOf(caller)
      note(caller.seat, { type: 'committed', by, before, after })
    },
    looked(caller: Caller, stored: history.Stored | null): void {
      note(caller.seat, { type: 'looked', by: nameOf(caller), stored })
    },
    /** Something went wrong for a seat, so that its session may not know what it would know. */
    trouble(seat: number, what: history.Trouble): void {
      if (seat >= 0) of(seat).troubles.note(what)
      note(seat, { type: 'troubled', what })
    },
    /** Nothing that ran there is left. */
    died(place: Place): void {
      for (const [send, { place: from }] of flying)
        if (from === place) closed(send, (send.family as Family).seat, 'unknown')
      for (const [id, call] of calls) if (call.caller.place === place) calls.delete(id)
      const names = [...places].filter(([, there]) => there === place)
      for (const { judge } of judges.values()) for (const [by] of names) judge.note({ type: 'crashed', by })
    },
    /** What time alone shows. */
    look(): void {
      for (const { judge } of judges.values()) judge.violations()
    },
  }
}

export type Court = ReturnType<typeof createCourt>
