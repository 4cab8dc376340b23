import type { History } from './history.ts'
import type { Verdict } from './judge.ts'

export type Figures = Readonly<Record<string, number>>

/** So long after a logout the backend has been asked to end the session. */
const REVOCATION_MS = 15_000

/** What a run prints: how much was tried, what it cost, and what was lost. */
export function figuresOf(history: History, verdict: Verdict): Figures {
  const { calls, arrivals, presentations, logouts, losses, stalls, doings } = history
  const with200 = calls.filter(({ status }) => status === 200)
  const answered = calls.filter(({ status }) => status > 0)
  const unstopped = answered.filter(
    (call) =>
      !doings.some(
        (one) => one.process === call.process && one.at <= call.at + call.tookMs && one.until >= call.at,
      ),
  )
  const renewals = presentations.filter(({ fate }) => fate === 'delivered').length
  const perToken = [...Map.groupBy(presentations, ({ token }) => token).values()].map((sends) => sends.length)
  const most = Math.max(0, ...perToken)
  const presented = Object.fromEntries(
    Array.from({ length: most }, (_, i) => [
      `refresh tokens presented ${i === 0 ? 'once' : `${i + 1} times`}`,
      perToken.filter((sends) => sends === i + 1).length,
    ]),
  )
  const violationsOf = (kind: string) => verdict.violations.filter((one) => one.kind === kind).length
  // What the nemesis stopped itself stood still on purpose.
  const starved = stalls.filter(
    (stall) =>
      !doings.some((one) => one.process === stall.process && one.at <= stall.until && one.until >= stall.at),
  )
  const renewalsOf = Map.groupBy(
    presentations.filter(({ fate }) => fate === 'delivered'),
    ({ session }) => session,
  )
  const revoked = new Set(history.revoked)
  const logoutOf = new Map(logouts.map(({ session, at }) => [session, at]))
  const endsAt = Math.max(0, ...calls.map(({ at }) => at))
  const issuesOf = Map.groupBy(history.issues, ({ session }) => session)
  const unrevoked = [...issuesOf].filter(([session, issues]) => {
    const isSettled = (logoutOf.get(session) ?? Infinity) < endsAt - REVOCATION_MS
    // The newest that anybody has got: the first came with the login.
    const newest = issues.findLast(
      ({ at }, i) => i === 0 || renewalsOf.get(session)?.some((one) => one.at <= at && at <= one.doneAt),
    )
    return isSettled && newest?.isRevocable && !revoked.has(newest.token)
  })
  return {
    'API requests of clients': calls.length,
    'served with 200': with200.length,
    'told to come back (503)': calls.filter(({ status }) => status === 503).length,
    'other answers': answered.filter(({ status }) => status !== 200 && status !== 503).length,
    'process not there': calls.length - answered.length,
    'API requests at the backend': arrivals.length,
    'backend requests per request served': ratio(arrivals.length, with200.length),
    'refreshes sent': presentations.length,
    'renewed and delivered': renewals,
    'refreshes sent per renewal': ratio(presentations.length, renewals),
    ...presented,
    'tokens used twice, as the provider says': history.reuseDetections,
    logins: history.logins,
    'sessions logged out': logouts.length,
    'local ones that the backend was not asked to end': unrevoked.length,
    'sessions lost': losses.length,
    'sessions lost without cause': violationsOf('lost'),
    'served after a logout': violationsOf('resurrected'),
    'callers that hung': violationsOf('hung'),
    'p50 of an answer, ms': quantile(answered, 0.5),
    'p99 of an answer, ms': quantile(answered, 0.99),
    'p99 of an answer of a process that was not stopped, ms': quantile(unstopped, 0.99),
    'things the nemesis did': doings.length,
    'longest that the machine starved a process, ms': Math.round(
      Math.max(0, ...starved.map(({ at, until }) => until - at)),
    ),
  }
}

function quantile(calls: readonly { readonly tookMs: number }[], part: number): number {
  const took = calls.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return Math.round(took[Math.floor(part * (took.length - 1))] ?? 0)
}

const ratio = (part: number, of: number) => (of === 0 ? 0 : Math.round((100 * part) / of) / 100)
