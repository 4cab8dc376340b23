import type { Doing, History, Presentation } from './history.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly counts: Readonly<Record<string, number>>
  /** Sessions that were lost, by what explains it. */
  readonly losses: Readonly<Record<string, number>>
}

export interface Violation {
  /** `sentAgain`: I1. `resurrected`: I6. `crossed`: I7. `unstored`: I4. `lost`: I14. `hung`: I23. */
  readonly kind: 'sentAgain' | 'resurrected' | 'crossed' | 'unstored' | 'lost' | 'hung'
  readonly at: number
  readonly session: string
  readonly text: string
  /** What was done with the session's tokens, and what the nemesis did, shortly before and after. */
  readonly evidence: readonly string[]
}

export interface Limits {
  /** The clocks of the processes are off by so much at most. */
  readonly skewMs: number
  /** No caller waits longer, unless its process was stopped. */
  readonly callMs: number
}

/** A process, or a store, in trouble so shortly after an answer may not have written it down. */
const COMMIT_MS = 3_000
/** What a replica may lack when it takes over. */
const REPLICATION_MS = 2_000

const STORE_TROUBLE = ['redisKill', 'redisFreeze', 'redisCut', 'redisSlow', 'redisEmpty', 'redisFailover']

/** Judges what has happened, knowing everything; no part of the system under test is asked. */
export function judge(history: History, limits: Limits): Verdict {
  const violations: Violation[] = []
  const found = (kind: Violation['kind'], at: number, session: string, text: string) =>
    violations.push({ kind, at, session, text, evidence: evidenceOf(session, at) })

  const { presentations, issues, arrivals, calls, losses, doings, stored } = history
  const issueOf = new Map(issues.map((issue) => [issue.token, issue]))
  // Two bearers of one user and one second are the same bytes.
  const issuesOfBearer = Map.groupBy(issues, ({ bearer }) => bearer)
  const perToken = Map.groupBy(presentations, ({ token }) => token)
  const perSession = Map.groupBy(presentations, ({ session }) => session)

  const during = (from: number, to: number, wanted: (doing: Doing) => boolean) =>
    doings.some((doing) => doing.at <= to && doing.until >= from && wanted(doing))
  /** Whether whoever got this answer may not have been able to keep it. */
  const mayBeUnkept = ({ at, doneAt, process }: Presentation) =>
    during(at, doneAt + COMMIT_MS, (doing) => doing.process === process || STORE_TROUBLE.includes(doing.what))

  /** Everything within a minute before and some seconds after, in order. */
  function evidenceOf(session: string, at: number): string[] {
    const isNear = (from: number, to: number) => to >= at - 60_000 && from <= at + 5_000
    const lines: [number, string][] = []
    for (const one of perSession.get(session) ?? [])
      if (isNear(one.at, one.doneAt))
        lines.push([
          one.at,
          `process ${one.process} sent ${one.token}: ${one.fate} at ${seconds(one.doneAt)}`,
        ])
    for (const doing of doings)
      if (isNear(doing.at, doing.until))
        lines.push([doing.at, `${doing.what} ${doing.process ?? ''} until ${seconds(doing.until)}`])
    const isClose = (when: number) => Math.abs(when - at) < 2_000
    for (const call of calls)
      if (call.session === session && isClose(call.at))
        lines.push([call.at, `call to process ${call.process}: ${call.status} after ${call.tookMs} ms`])
    for (const one of arrivals)
      if (one.session === session && isClose(one.at))
        lines.push([one.at, `process ${one.process} used ${one.bearer} for ${one.path}`])
    for (const one of stored) if (one.session === session && isClose(one.at)) lines.push([one.at, 'stored'])
    for (const out of history.logouts)
      if (out.session === session && isNear(out.at, out.at)) lines.push([out.at, 'logout confirmed'])
    return lines.sort((a, b) => a[0] - b[0]).map(([when, line]) => `${seconds(when)} ${line}`)
  }

  // I1: once, unless nobody knows what became of it, and then not while the bearer is good.
  for (const [token, sends] of perToken) {
    const endsAt = issueOf.get(token)?.bearerEndsAt ?? -Infinity
    for (const [index, send] of sends.entries()) {
      const before = sends.slice(0, index).filter(({ fate }) => fate !== 'refused')
      if (before.length === 0) continue
      const isGood = send.at < endsAt - limits.skewMs
      const known = before.find((earlier) => isKnown(earlier) && !mayBeUnkept(earlier))
      if (isGood)
        found(
          'sentAgain',
          send.at,
          send.session,
          `${token}: ${before.at(-1)?.fate}, then sent again while its bearer was good for ${Math.round(endsAt - send.at)} ms`,
        )
      else if (known)
        found(
          'sentAgain',
          send.at,
          send.session,
          `${token}: ${known.fate} at process ${known.process}, then sent again by ${send.process}`,
        )
    }
  }

  // I4: what a caller gets has been written down.
  const storedOf = Map.groupBy(stored, ({ session }) => session)
  const firstUse = new Map<string, (typeof arrivals)[number]>()
  for (const arrival of arrivals) if (!firstUse.has(arrival.bearer)) firstUse.set(arrival.bearer, arrival)
  const renewals = presentations.filter(({ fate }) => fate === 'delivered')
  for (const [bearer, use] of firstUse) {
    const issue = issuesOfBearer.get(bearer)?.find(({ session }) => session === use.session)
    const renewal =
      issue &&
      renewals.find(
        ({ doneAt, session }) =>
          session === issue.session && Math.abs(doneAt - issue.at) < 1_000 && doneAt <= use.at,
      )
    if (!renewal) continue
    const known = storedOf.get(use.session) ?? []
    const before = Math.max(0, ...known.filter(({ at }) => at < renewal.at).map(({ revision }) => revision))
    const isStored = known.some(({ at, revision }) => at >= renewal.at && at <= use.at && revision > before)
    if (!isStored && !mayBeUnkept(renewal) && !wasEmptied(use.session, use.at))
      found('unstored', use.at, use.session, 'a bearer was used before it was stored')
  }

  // I7: a call carries a bearer of its own session.
  for (const { at, session, bearer } of arrivals) {
    const owners = issuesOfBearer.get(bearer)?.map((issue) => issue.session)
    if (owners && !owners.includes(session))
      found('crossed', at, session, `sent with the bearer of ${owners}`)
  }

  // I6 and I23.
  for (const { at, tookMs, status, session, process, isAfterLogout } of calls) {
    if (isAfterLogout && status === 200)
      found('resurrected', at, session, `process ${process} served it after its logout`)
    const wasStopped = during(at, at + tookMs, (doing) => doing.process === process)
    if (tookMs > limits.callMs && !wasStopped)
      found('hung', at, session, `process ${process}, ${Math.round(tookMs)} ms`)
  }

  // I14: a session ends for a reason that happened.
  const explained: Record<string, number> = {}
  for (const { session, at, reason } of losses) {
    const why = explain(session, at, reason)
    if (why) explained[why] = (explained[why] ?? 0) + 1
    else found('lost', at, session, `without cause; the server said "${reason || 'nothing'}"`)
  }

  function explain(session: string, at: number, reason: string): string | undefined {
    if (!reason && wasEmptied(session, at)) return 'Redis was emptied'
    const failedOver = doings.find((doing) => doing.what === 'redisFailover' && doing.at <= at)
    const recent = (those: readonly { readonly at: number }[] | undefined) =>
      those?.some((one) => failedOver && Math.abs(one.at - failedOver.at) <= REPLICATION_MS)
    const isStale =
      failedOver &&
      (recent(perSession.get(session)) || Math.abs(begunAt(session) - failedOver.at) <= REPLICATION_MS)
    if (isStale) return 'the replica lacked the last writes'
    if (reason !== 'refreshRejected' && reason !== 'refreshOutcomeUnknown') return undefined
    const own = perSession.get(session) ?? []
    if (own.some(({ fate }) => fate === 'lost')) return 'an answer was lost on its way'
    if (own.some((one) => one.fate === 'delivered' && mayBeUnkept(one)))
      return 'its process or store failed before the commit'
    return undefined
  }

  /** Its record was taken away, and is not there to be written. */
  function wasEmptied(session: string, at: number): boolean {
    return doings.some(
      (doing) => doing.what === 'redisEmpty' && doing.at <= at && begunAt(session) <= doing.until,
    )
  }

  function begunAt(session: string): number {
    return issues.find((issue) => issue.session === session)?.at ?? -Infinity
  }

  const served = calls.filter(({ status }) => status === 200)
  const took = calls
    .filter(({ status }) => status > 0)
    .map(({ tookMs }) => tookMs)
    .sort((a, b) => a - b)
  const quantile = (part: number) => Math.round(took[Math.floor(part * (took.length - 1))] ?? 0)
  const most = Math.max(0, ...[...perToken.values()].map((sends) => sends.length))
  return {
    violations,
    losses: explained,
    counts: {
      'calls of clients': calls.length,
      'served with 200': served.length,
      'told to come back (503)': calls.filter(({ status }) => status === 503).length,
      'other answers': calls.filter(({ status }) => status > 0 && status !== 200 && status !== 503).length,
      'process not there': calls.filter(({ status }) => status <= 0).length,
      'API requests at the backend': arrivals.length,
      'refreshes sent': presentations.length,
      'renewed and delivered': renewals.length,
      'refresh tokens presented': perToken.size,
      'presented more than once': [...perToken.values()].filter((sends) => sends.length > 1).length,
      'most presentations of one token': most,
      'sessions logged out': history.logouts.length,
      'sessions lost': losses.length,
      'things the nemesis did': doings.length,
      'p50 of an answer, ms': quantile(0.5),
      'p99 of an answer, ms': quantile(0.99),
    },
  }
}

const seconds = (at: number) => `${(at / 1_000).toFixed(2)} s`

/** Whoever sent it knows what became of it. */
const isKnown = ({ fate }: Presentation) => fate === 'delivered' || fate === 'rejected'
