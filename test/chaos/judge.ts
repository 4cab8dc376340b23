import { createJudge } from '../proof/judge/judge.ts'
import { eventsOf, type Limits } from './eventsOf.ts'
import type { History } from './history.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Sessions that were lost, by what explains it. */
  readonly losses: Readonly<Record<string, number>>
}

/** What the invariants are called here. */
const KINDS = {
  I1: 'sentAgain',
  I4: 'unstored',
  I5: 'resurrected',
  I6: 'resurrected',
  I7: 'crossed',
  I9: 'sentAgain',
  I14: 'lost',
  I23: 'hung',
} as const

export interface Violation {
  readonly kind: (typeof KINDS)[keyof typeof KINDS]
  /** Since the start of the run. */
  readonly at: number
  readonly session: string
  readonly text: string
  /** What was done with the session's tokens, and what the nemesis did, shortly before and after; of the first ones. */
  readonly evidence: readonly string[]
}

/** More of them say no more. */
const WITH_EVIDENCE = 40

/** Judges what has happened, knowing everything; no part of the system under test is asked. */
export function judge(history: History, limits: Limits): Verdict {
  const violations: Violation[] = []
  const losses: Record<string, number> = {}
  for (const [session, events] of eventsOf(history, limits)) {
    let now = history.startedAt
    const one = createJudge(
      {
        // The servers of a run have the policy of LibreChat.
        resend: 'afterBearerEnds',
        // Whether the API has refused a bearer is not written down, so that nobody knows why a refresh came.
        dueMs: Infinity,
        kind: 'server',
        hasIntents: true,
        areRecordsSeen: false,
        hasCauses: true,
        renewsToLeave: true,
        now: () => now,
        hasEnded: () => false,
        mayHaveEnded: ({ endsAt }) => now >= endsAt - limits.skewMs,
        isIdle: () => false,
        patienceMs: ({ kind }) => (kind === 'request' ? limits.callMs : Infinity),
      },
      ({ invariant, text }) => found(KINDS[invariant as keyof typeof KINDS], now, session, text),
    )
    // Something is always wrong in a run.
    one.unhealthy()
    for (const { at, event, become } of events) {
      now = at
      become?.()
      one.note(event)
    }
    for (const [cause, count] of Object.entries(one.losses())) losses[cause] = (losses[cause] ?? 0) + count
  }

  /** Of two that say the same of one instant the first is enough. */
  function found(kind: Violation['kind'], at: number, session: string, text: string) {
    const since = at - history.startedAt
    const last = violations.at(-1)
    if (last?.kind === kind && last.session === session && last.at === since) return
    const evidence = violations.length < WITH_EVIDENCE ? evidenceOf(session, at) : []
    violations.push({ kind, at: since, session, text, evidence })
  }

  /** All sends, and everything else within a minute before and some seconds after; in order. */
  function evidenceOf(session: string, at: number): string[] {
    const { calls, arrivals, doings, stored } = history
    const seconds = (when: number) => `${((when - history.startedAt) / 1_000).toFixed(2)} s`
    const isNear = (from: number, to: number) => to >= at - 60_000 && from <= at + 5_000
    const isClose = (when: number) => Math.abs(when - at) < 2_000
    const lines: [number, string][] = []
    for (const one of history.presentations.filter((each) => each.session === session))
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
    for (const { session: other, at: outAt } of history.logouts)
      if (other === session && isNear(outAt, outAt)) lines.push([outAt, 'logout confirmed'])
    return lines.sort((a, b) => a[0] - b[0]).map(([when, line]) => `${seconds(when)} ${line}`)
  }

  return { violations: violations.toSorted((a, b) => a.at - b.at), losses }
}
