import type { Bearer, Family, HistoryEvent, Send, Stored } from '../proof/judge/history.ts'
import type { Doing, History, Issue, Presentation } from './history.ts'

export interface Limits {
  /** The clocks of the processes are off by so much at most. */
  readonly skewMs: number
  /** No caller waits longer, unless its process was stopped. */
  readonly callMs: number
  /** After this the sender of a refresh has given up. */
  readonly attemptMs: number
}

/** An event at its instant, and what has become of its parts by then. */
export interface Timed {
  readonly at: number
  readonly event: HistoryEvent
  readonly become?: () => void
}

/** A process, or a store, in trouble so shortly after an answer may not have written it down. */
const COMMIT_MS = 3_000
/** A call that had its bearer before the logout may use it for so long. */
const LATE_MS = 2_000
/** An attempt begins before it sends: it looks at the store, and writes down that it will. */
const BEFORE_MS = 1_000

const STORE_TROUBLE = ['storeKill', 'storeFreeze', 'storeCut', 'storeSlow', 'storeEmpty', 'storeFailover']

const RESULTS = {
  refused: 'refused',
  lost: 'unknown',
  silent: 'unknown',
  ambiguous: 'answered',
  delivered: 'rotated',
  rejected: 'rejected',
} as const

/**
 * The one history of a session, out of what proxies, clients and processes have written down. What they cannot know is said
 * here: records are sealed, so that a revision is all that is seen of a commit; whoever was stopped, or had no store, may not
 * have kept what came; and which call of a client a call of the backend was for.
 */
export function eventsOf(history: History, limits: Limits): ReadonlyMap<string, readonly Timed[]> {
  const { presentations, issues, arrivals, calls, losses, doings, stored, logouts, notices } = history
  const events = new Map<string, Timed[]>()
  const families = new Map<string, Family>()
  const tokens = new Map<string, Grant>()
  /** Two bearers of one user and one second are the same bytes. */
  const bearers = new Map<string, Bearer[]>()

  const during = (from: number, to: number, wanted: (doing: Doing) => boolean) =>
    doings.some((doing) => doing.at <= to && doing.until >= from && wanted(doing))
  const wasStopped = (from: number, to: number, process: number) =>
    during(from, to, (doing) => doing.process === process)
  /** Whether whoever got this answer may not have lived to keep it, or found no store for it. */
  const mayHaveDied = ({ at, doneAt, process }: Presentation) => wasStopped(at, doneAt + COMMIT_MS, process)
  const hadNoStore = ({ at, doneAt }: Presentation) =>
    during(at, doneAt + COMMIT_MS, ({ what }) => STORE_TROUBLE.includes(what))
  const isTooLate = ({ at, doneAt }: Presentation) => doneAt - at > limits.attemptMs - BEFORE_MS
  /** Whether what was written in this time may be missing at the replica that took over. */
  const mayBeForgotten = (from: number, to: number) =>
    during(from, to, ({ what }) => what === 'storeFailover')
  const startedAt = (session: string) => families.get(session)?.startedAt ?? -Infinity
  /** Its record was taken away, and is not there to be written. */
  const wasEmptied = (session: string, at: number) =>
    doings.some(
      ({ what, at: from, until }) => what === 'storeEmpty' && from <= at && startedAt(session) <= until,
    )

  function put(session: string, at: number, event: HistoryEvent, become?: () => void): void {
    const own = events.get(session) ?? []
    events.set(session, own)
    own.push({ at, event, ...(become && { become }) })
  }

  function familyOf(session: string, at = -Infinity): Family {
    const family = families.get(session) ?? {
      id: families.size + 1,
      user: session,
      startedAt: at,
      index: 0,
      bearers: [],
    }
    families.set(session, family)
    return family
  }

  function grantOf(
    session: string,
    token: string,
    issue: Pick<Issue, 'at' | 'bearer' | 'bearerEndsAt'>,
  ): Grant {
    const family = familyOf(session, issue.at)
    const index = family.bearers.length + 1
    const bearer: Bearer = {
      name: `b${family.id}-${index}`,
      family,
      number: index,
      index,
      mintedAt: issue.at,
      endsAt: issue.bearerEndsAt,
      isRejected: false,
    }
    family.bearers.push(bearer)
    bearers.set(issue.bearer, [...(bearers.get(issue.bearer) ?? []), bearer])
    const grant = { token: `r${family.id}-${index}`, bearer, index, at: issue.at }
    tokens.set(token, grant)
    const become = () => void Object.assign(family, { index })
    if (index === 1)
      put(session, issue.at, { type: 'login', by: 'login', family, token: grant.token }, become)
    return grant
  }

  const storedOf = Map.groupBy(stored, ({ session }) => session)
  const renewalsOf = Map.groupBy(
    presentations.filter(({ fate }) => fate === 'delivered').toSorted((a, b) => a.at - b.at),
    ({ session }) => session,
  )

  /** The record has this, as far as is known. */
  function commit(session: string, at: number, by: string, { token, bearer, index }: Grant): void {
    const after: Stored = { epoch: 1, version: index, isEnded: false, token, bearer: bearer.name }
    put(session, at, { type: 'committed', by, before: null, after })
  }

  /** What a renewal brought reached its process, and was written down, or cannot be known to have been. */
  function deliver(session: string, grant: Grant): void {
    const renewal = renewalsOf.get(session)?.find(({ doneAt }) => Math.abs(doneAt - grant.at) < 1_000)
    if (!renewal) return
    const { at, doneAt, process } = renewal
    const by = `p${process}`
    const { token, bearer, index } = grant
    const { family } = bearer
    const become = () => void Object.assign(family, { index })
    put(session, endOf(renewal), { type: 'delivered', by, family, token, bearer }, become)
    const written = [...Map.groupBy(storedOf.get(session) ?? [], ({ key }) => key).values()].flatMap(
      (known) => {
        const before = Math.max(0, ...known.filter((one) => one.at < at).map(({ revision }) => revision))
        return known.filter((one) => one.at >= at && one.revision > before)
      },
    )
    const isUnseen = mayHaveDied(renewal) || hadNoStore(renewal) || wasEmptied(session, doneAt)
    const emptied = doings.find(({ what, at: from }) => what === 'storeEmpty' && from > doneAt)
    const committedAt = isUnseen
      ? endOf(renewal)
      : Math.max(endOf(renewal), Math.min(emptied?.at ?? Infinity, ...written.map((one) => one.at)))
    if (committedAt < Infinity) commit(session, committedAt, by, grant)
  }

  for (const issue of issues) {
    const grant = grantOf(issue.session, issue.token, issue)
    if (grant.index > 1) deliver(issue.session, grant)
  }

  /** Why nobody may have what this brought. */
  function lostBy(one: Presentation): string | undefined {
    if (one.fate === 'lost') return 'an answer was lost on its way'
    if (one.fate !== 'delivered') return undefined
    if (mayBeForgotten(one.at, one.doneAt + COMMIT_MS)) return 'the replica lacked its renewal'
    if (isTooLate(one)) return 'an answer came after its sender had given up'
    if (mayHaveDied(one)) return 'its process was killed or stopped before the commit'
    return hadNoStore(one) ? 'the store failed before the commit' : undefined
  }

  for (const one of presentations.toSorted((a, b) => a.at - b.at)) {
    const { session, token, process, at, doneAt, fate } = one
    // What was not processed is no send beside another.
    const isBeside = presentations.some(
      (other) =>
        other.token === token &&
        other !== one &&
        other.at < at &&
        other.doneAt > at &&
        other.fate !== 'refused',
    )
    if (fate === 'refused' && isBeside) continue
    const by = `p${process}`
    const none = { at, bearer: `of ${token}`, bearerEndsAt: -Infinity }
    const grant = tokens.get(token) ?? grantOf(session, token, none)
    const send: Send = {
      by,
      token: grant.token,
      family: grant.bearer.family,
      index: grant.index,
      at,
      lostBy: lostBy(one),
      isUnkept: mayHaveDied(one) || hadNoStore(one) || isTooLate(one),
      isOfOutage: during(at, doneAt, ({ what }) => what === 'providerDown'),
    }
    // Whoever sends a token has it, and the bearer that came with it.
    commit(session, at, by, grant)
    put(session, at, { type: 'sent', send })
    const become = () => void Object.assign(send, { result: RESULTS[fate], closedAt: doneAt })
    put(session, endOf(one), { type: 'closed', send }, become)
  }

  const confirmedAt = new Map(logouts.map(({ session, at }) => [session, at]))
  for (const { session, at } of logouts)
    put(session, at, { type: 'confirmed', by: 'client', family: familyOf(session) })

  for (const [number, { at, session, bearer: name, process }] of arrivals.entries()) {
    const all = bearers.get(name)
    const bearer = all?.find(({ family }) => family.user === session) ?? all?.[0]
    if (!bearer) continue
    const by = `p${process}`
    const call = { by, kind: 'fetch', number, at: at - LATE_MS, user: session } as const
    if (!wasStopped(confirmedAt.get(session) ?? Infinity, at, process))
      put(session, call.at, { type: 'called', call })
    put(session, at, { type: 'wired', by, call: `${by}#${number}`, bearer, body: '' })
    put(session, at, { type: 'settled', call })
  }

  for (const [number, { session, process, at, tookMs, status, isAfterLogout }] of calls.entries()) {
    const by = `client.${process}`
    const call = { by, kind: 'request', number, at, user: session } as const
    const family = familyOf(session)
    if (isAfterLogout && !confirmedAt.has(session))
      put(session, at, { type: 'confirmed', by: 'client', family })
    if (isAfterLogout || !wasStopped(at, at + tookMs, process)) put(session, at, { type: 'called', call })
    if (isAfterLogout && status === 200) put(session, at, { type: 'served', by, call, family })
    if (!wasStopped(at, at + tookMs, process)) put(session, at + tookMs, { type: 'settled', call })
  }

  for (const { session, process, at, text } of notices) {
    if (!text.includes('persistFailed')) continue
    const notice = { type: 'warning', code: 'persistFailed', epoch: 1, version: 1 } as const
    put(session, at, { type: 'told', by: `p${process}`, notice: notice as never })
  }

  for (const { session, at, reason } of losses) {
    const family = familyOf(session)
    const begunAt = startedAt(session)
    const isForgotten = mayBeForgotten(begunAt, begunAt + COMMIT_MS)
    if (wasEmptied(session, at)) family.takenBy = 'the store was emptied'
    else if (isForgotten) family.takenBy = 'the replica lacked its login'
    const by = 'client'
    put(session, at, { type: 'lost', by, family, reason, seenAt: at })
  }

  for (const own of events.values()) own.sort((a, b) => a.at - b.at || orderOf(a) - orderOf(b))
  return events
}

/** At the instant at which it is sent, nothing has come of it. */
const endOf = ({ at, doneAt }: Presentation) => Math.max(doneAt, at + 0.5)

interface Grant {
  readonly token: string
  readonly bearer: Bearer
  readonly index: number
  readonly at: number
}

/** Of what happens at one instant: first what is over, then what begins. */
const FIRST: readonly HistoryEvent['type'][] = [
  'login',
  'confirmed',
  'closed',
  'delivered',
  'told',
  'committed',
]
const orderOf = ({ event: { type } }: Timed) => {
  const place = FIRST.indexOf(type)
  return place < 0 ? FIRST.length : place
}
