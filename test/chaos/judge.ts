import { againstResend, MAX_ANSWERS } from '../proof/judge/againstResend.ts'
import type { Doing, History, Presentation } from './history.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Sessions that were lost, by what explains it. */
  readonly losses: Readonly<Record<string, number>>
}

export interface Violation {
  /** `sentAgain`: I1. `resurrected`: I5, I6. `crossed`: I7. `unstored`: I4. `lost`: I14. `hung`: I23. */
  readonly kind: 'sentAgain' | 'resurrected' | 'crossed' | 'unstored' | 'lost' | 'hung'
  /** Since the start of the run. */
  readonly at: number
  readonly session: string
  readonly text: string
  /** What was done with the session's tokens, and what the nemesis did, shortly before and after; of the first ones. */
  readonly evidence: readonly string[]
}

export interface Limits {
  /** The clocks of the processes are off by so much at most. */
  readonly skewMs: number
  /** No caller waits longer, unless its process was stopped. */
  readonly callMs: number
  /** After this the sender of a refresh has given up. */
  readonly attemptMs: number
}

/** A process, or a store, in trouble so shortly after an answer may not have written it down. */
const COMMIT_MS = 3_000
/** A call that had its bearer before the logout may use it for so long. */
const LATE_MS = 2_000
/** More of them say no more. */
const WITH_EVIDENCE = 40

/** An attempt begins before it sends: it looks at the store, and writes down that it will. */
const BEFORE_MS = 1_000

const STORE_TROUBLE = ['storeKill', 'storeFreeze', 'storeCut', 'storeSlow', 'storeEmpty', 'storeFailover']

/** Judges what has happened, knowing everything; no part of the system under test is asked. */
export function judge(history: History, limits: Limits): Verdict {
  const violations: Violation[] = []
  const found = (kind: Violation['kind'], at: number, session: string, text: string) =>
    violations.push({
      kind,
      at: at - history.startedAt,
      session,
      text,
      evidence: violations.length < WITH_EVIDENCE ? evidenceOf(session, at) : [],
    })

  const { presentations, issues, arrivals, calls, losses, doings, stored, logouts } = history
  const issueOf = new Map(issues.map((issue) => [issue.token, issue]))
  // Two bearers of one user and one second are the same bytes.
  const issuesOfBearer = Map.groupBy(issues, ({ bearer }) => bearer)
  const inOrder = presentations.toSorted((a, b) => a.at - b.at)
  const perToken = Map.groupBy(inOrder, ({ token }) => token)
  const perSession = Map.groupBy(inOrder, ({ session }) => session)
  const firstIssue = new Map(issues.toReversed().map((issue) => [issue.session, issue]))
  const logoutOf = new Map(logouts.map((one) => [one.session, one.at]))

  const during = (from: number, to: number, wanted: (doing: Doing) => boolean) =>
    doings.some((doing) => doing.at <= to && doing.until >= from && wanted(doing))
  const wasStopped = (from: number, to: number, process: number) =>
    during(from, to, (doing) => doing.process === process)
  /** Whether whoever got this answer may not have lived to keep it, or found no store for it. */
  const mayHaveDied = ({ at, doneAt, process }: Presentation) => wasStopped(at, doneAt + COMMIT_MS, process)
  const isTooLate = ({ at, doneAt }: Presentation) => doneAt - at > limits.attemptMs - BEFORE_MS
  const mayBeUnkept = (one: Presentation) =>
    mayHaveDied(one) || during(one.at, one.doneAt + COMMIT_MS, ({ what }) => STORE_TROUBLE.includes(what))
  /** Whether what was written in this time may be missing at the replica that took over. */
  const mayBeForgotten = (from: number, to: number) =>
    during(from, to, ({ what }) => what === 'storeFailover')

  // I1: once, unless nobody knows what became of it, and then not while the bearer is good.
  for (const [token, sends] of perToken) {
    const endsAt = issueOf.get(token)?.bearerEndsAt ?? -Infinity
    for (const [index, send] of sends.entries()) {
      const before = sends.slice(0, index).filter(({ fate }) => fate !== 'refused')
      if (before.length === 0) continue
      const wrong = (text: string) => found('sentAgain', send.at, send.session, `${token}: ${text}`)
      const known = before.find((earlier) => isKnown(earlier) && !mayBeUnkept(earlier) && !isTooLate(earlier))
      const open = send.fate !== 'refused' && before.find(({ doneAt }) => doneAt > send.at)
      const said = (one: Presentation) => `${one.fate} at process ${one.process}`
      const again = `sent again by ${send.process}`
      // The servers of a run have the policy of LibreChat. What is known of the token, too, ends with the bearer.
      const [how] = againstResend('afterBearerEnds', {
        doubts: before.length,
        answers: answersIn(before),
        sinceMs: 0,
        isSpent: send.at >= endsAt - limits.skewMs,
      })
      if (open) wrong(`${said(open)} and not yet answered, ${again}`)
      else if (known) wrong(`${said(known)}, then ${again}`)
      else if (how) wrong(`${before.at(-1)?.fate}, then ${again}: ${how}`)
    }
  }

  // I4: what a caller gets has been written down.
  const storedOf = Map.groupBy(stored, ({ session }) => session)
  const firstUse = new Map<string, (typeof arrivals)[number]>()
  for (const arrival of arrivals) if (!firstUse.has(arrival.bearer)) firstUse.set(arrival.bearer, arrival)
  const renewalsOf = Map.groupBy(
    inOrder.filter(({ fate }) => fate === 'delivered'),
    ({ session }) => session,
  )
  for (const [bearer, use] of firstUse) {
    const issue = issuesOfBearer.get(bearer)?.find(({ session }) => session === use.session)
    const renewal =
      issue &&
      renewalsOf
        .get(use.session)
        ?.find(({ doneAt }) => Math.abs(doneAt - issue.at) < 1_000 && doneAt <= use.at)
    if (!renewal) continue
    const known = storedOf.get(use.session) ?? []
    const before = Math.max(0, ...known.filter(({ at }) => at < renewal.at).map(({ revision }) => revision))
    const isStored = known.some(({ at, revision }) => at >= renewal.at && at <= use.at && revision > before)
    // A process that cannot write it says so, and serves it alone until it can.
    const isTold = history.notices.some(
      ({ session, process, at, text }) =>
        session === use.session &&
        process === use.process &&
        at >= renewal.at &&
        at <= use.at &&
        text.includes('persistFailed'),
    )
    if (!isStored && !isTold && !mayBeUnkept(renewal) && !wasEmptied(use.session, use.at))
      found('unstored', use.at, use.session, 'a bearer was used before it was stored')
  }

  // I7: a call carries a bearer of its own session. I5: and none after its logout.
  for (const { at, session, bearer, process } of arrivals) {
    const owners = issuesOfBearer.get(bearer)?.map((issue) => issue.session)
    if (owners && !owners.includes(session))
      found('crossed', at, session, `sent with the bearer of ${owners}`)
    const outAt = logoutOf.get(session) ?? Infinity
    if (at > outAt + LATE_MS && !wasStopped(outAt, at, process))
      found(
        'resurrected',
        at,
        session,
        `process ${process} used its bearer ${at - outAt} ms after its logout`,
      )
  }

  // I6 and I23.
  for (const { at, tookMs, status, session, process, isAfterLogout } of calls) {
    if (isAfterLogout && status === 200)
      found('resurrected', at, session, `process ${process} served it after its logout`)
    if (tookMs > limits.callMs && !wasStopped(at, at + tookMs, process))
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
    if (!reason) {
      if (wasEmptied(session, at)) return 'the store was emptied'
      const begunAt = begun(session)
      return mayBeForgotten(begunAt, begunAt + COMMIT_MS) ? 'the replica lacked its login' : undefined
    }
    if (reason !== 'refreshRejected' && reason !== 'refreshOutcomeUnknown') return undefined
    // The token that it ended with, the newest first; and what became of it.
    const own = (perSession.get(session) ?? []).filter((one) => one.at <= at)
    const [token = '', ...older] = new Set(own.toReversed().map((one) => one.token))
    const sends = perToken.get(token) ?? []
    // Only the backend ends a session: by a clear no, or by as many doubtful answers as the policy takes.
    const isRefused = sends.some(({ fate }) => fate === 'rejected') || answersIn(sends) >= MAX_ANSWERS
    if (!isRefused) return undefined
    const why = causeOf(sends)
    if (why) return why
    // The second send of an older one ended the whole family; whether it was right to send it, is judged above.
    const twice = older.map((each) => perToken.get(each) ?? []).find((those) => those.some(isRepeated))
    return twice && causeOf(twice)
  }

  /** Why nobody has the successor of a token. */
  function causeOf(sends: readonly Presentation[]): string | undefined {
    if (sends.some(({ fate }) => fate === 'lost')) return 'an answer was lost on its way'
    const answered = sends.filter(({ fate }) => fate === 'ambiguous')
    const isOutage = (one: Presentation) => during(one.at, one.doneAt, ({ what }) => what === 'providerDown')
    if (answered.length >= MAX_ANSWERS && answered.every(isOutage))
      return 'its provider was out of order at each send'
    const delivered = sends.filter(({ fate }) => fate === 'delivered')
    if (delivered.some((one) => mayBeForgotten(one.at, one.doneAt + COMMIT_MS)))
      return 'the replica lacked its renewal'
    if (delivered.some(isTooLate)) return 'an answer came after its sender had given up'
    if (delivered.some(mayHaveDied)) return 'its process was killed or stopped before the commit'
    if (delivered.some(mayBeUnkept)) return 'the store failed before the commit'
    return undefined
  }

  /** Its record was taken away, and is not there to be written. */
  function wasEmptied(session: string, at: number): boolean {
    return doings.some(
      (doing) => doing.what === 'storeEmpty' && doing.at <= at && begun(session) <= doing.until,
    )
  }

  function begun(session: string): number {
    return firstIssue.get(session)?.at ?? -Infinity
  }

  /** All sends, and everything else within a minute before and some seconds after; in order. */
  function evidenceOf(session: string, at: number): string[] {
    const seconds = (when: number) => `${((when - history.startedAt) / 1_000).toFixed(2)} s`
    const isNear = (from: number, to: number) => to >= at - 60_000 && from <= at + 5_000
    const isClose = (when: number) => Math.abs(when - at) < 2_000
    const lines: [number, string][] = []
    for (const one of perSession.get(session) ?? [])
      lines.push([one.at, `process ${one.process} sent ${one.token}: ${one.fate} at ${seconds(one.doneAt)}`])
    for (const doing of doings)
      if (isNear(doing.at, doing.until))
        lines.push([doing.at, `${doing.what} ${doing.process ?? ''} until ${seconds(doing.until)}`])
    for (const one of history.notices)
      if (one.session === session && isNear(one.at, one.at))
        lines.push([one.at, `process ${one.process} says: ${one.text}`])
    for (const stall of history.stalls)
      if (isNear(stall.at, stall.until))
        lines.push([stall.at, `process ${stall.process} stood still until ${seconds(stall.until)}`])
    for (const call of calls)
      if (call.session === session && (isClose(call.at) || isClose(call.at + call.tookMs)))
        lines.push([call.at, `call to process ${call.process}: ${call.status} after ${call.tookMs} ms`])
    for (const one of arrivals)
      if (one.session === session && isClose(one.at))
        lines.push([one.at, `process ${one.process} used ${one.bearer} for ${one.path}`])
    for (const one of stored)
      if (one.session === session && isNear(one.at, one.at))
        lines.push([one.at, `stored as revision ${one.revision}`])
    const outAt = logoutOf.get(session)
    if (outAt !== undefined && isNear(outAt, outAt)) lines.push([outAt, 'logout confirmed'])
    return lines.sort((a, b) => a[0] - b[0]).map(([when, line]) => `${seconds(when)} ${line}`)
  }

  return { violations, losses: explained }
}

/** How often the backend itself has answered without a definitive word. */
const answersIn = (sends: readonly Presentation[]) => sends.filter(({ fate }) => fate === 'ambiguous').length

/** It came after another send that may have been processed, and was not taken for the first. */
const isRepeated = ({ fate }: Presentation, index: number, sends: readonly Presentation[]) =>
  fate !== 'refused' &&
  fate !== 'delivered' &&
  sends.slice(0, index).some((before) => before.fate !== 'refused')

/** Whoever sent it knows what became of it. */
const isKnown = ({ fate }: Presentation) => fate === 'delivered' || fate === 'rejected'
