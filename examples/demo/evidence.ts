import type { SessionNotice, SessionState, SessionStateName } from 'xstate-session'
import type { Presentation } from '../backend/presentations.ts'
import type { RequestRecord } from '../backend/requestLog.ts'

/** One step in the life of a session. */
export interface Step {
  readonly at: number
  readonly state: SessionStateName
  readonly expiresAt: number | undefined
}

/** What happened to one session during one scene, from three sides: its own facts, its notices, the backend. */
export interface Evidence {
  readonly before: SessionState
  readonly after: SessionState
  readonly steps: readonly Step[]
  readonly notices: readonly SessionNotice[]
  /** What each call brought: a status, or the code of the error. */
  readonly answers: readonly string[]
  /** The session's requests, as they reached the backend. */
  readonly requests: readonly RequestRecord[]
  /** Its refresh tokens, as they reached the backend. */
  readonly presentations: readonly Presentation[]
}

/** The evidence of a scene: Ada's session and Olga's. */
export interface Seen {
  readonly ada: Evidence
  readonly olga: Evidence
}

/** One line of the summary. */
export interface Check {
  readonly what: string
  readonly expected: string
  readonly seen: string
  readonly ok: boolean
}

/** `seen` has to be `expected`, to the letter. */
export const same = (what: string, expected: string, seen: string): Check => ({
  what,
  expected,
  seen,
  ok: seen === expected,
})

/** The same question put to both sessions. */
export const both = (what: string, expected: string, seen: Seen, read: (of: Evidence) => string): Check =>
  same(what, pair(expected, expected), pair(read(seen.ada), read(seen.olga)))

const pair = (ada: string, olga: string): string => (ada === olga ? `${ada} (both)` : `${ada} / ${olga}`)

/** `['200', '200', '403']` as `2x 200, 1x 403`. */
export function tally(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].map(([value, count]) => `${count}x ${value}`).join(', ') || 'none'
}

export const answers = ({ answers: given }: Evidence): string => tally(given)

/** Calls that brought anything but a 200. */
export const failures = ({ answers: given }: Evidence): string =>
  tally(given.filter((answer) => answer !== '200'))

/** What became of the refresh tokens, in order, by the backend's log. */
export const presented = ({ presentations }: Evidence): string => outcomes(presentations)

export const outcomes = (presentations: readonly Presentation[]): string =>
  presentations.map(({ outcome }) => short[outcome]).join(', ') || 'none'

const short: Record<Presentation['outcome'], string> = {
  'ok-rotated': 'rotated',
  'ok-same': 'kept',
  refused: 'refused',
  rejected: 'rejected',
  'unknown-to-client': 'unknown',
}

export const refreshesSent = ({ notices }: Evidence): string =>
  String(notices.filter(({ type }) => type === 'refreshSent').length)

export const versions = ({ before, after }: Evidence): string => `v${before.version} to v${after.version}`

export const renewals = ({ before, after }: Evidence): number => after.version - before.version

/** Statuses of the calls, by the backend's log; refreshes and logouts left out. */
export const apiStatuses = ({ requests }: Evidence): string =>
  tally(
    requests
      .filter(({ path }) => path.startsWith('/api/admin/') && !path.endsWith('/refresh'))
      .map(({ status }) => String(status)),
  )

/** How often a refresh was put off, and why. */
export const deferrals = ({ notices }: Evidence): string =>
  tally(
    notices.flatMap((notice) =>
      notice.type === 'refreshDeferred' ? [`${notice.outcome} (${notice.cause})`] : [],
    ),
  )
