import { backoffOf } from '../../machines/session.select.ts'
import type { Settings } from '../session/options.ts'
import type { RenewalAtRest } from '../session/renewAtRest.ts'
import type { Runtime } from '../session/runtime.ts'
import type { Opened } from './entries.ts'

/** A session of a server while it does not rest. */
export interface AwakeSession {
  /** The settings of its chart. */
  readonly settings: Settings
  /** Its record as it was found. */
  readonly known: Opened
  /** The same, for the first look of its chart. */
  first: Opened | undefined
  /** Its attempt, while that needs no chart. */
  renewal?: RenewalAtRest | undefined
  /** Its chart, from when it is needed. */
  handle?: Runtime
  /** The chart has read the record. */
  ready?: Promise<void>
  users: number
  /** A renewal that is not stored yet. */
  isOwed: boolean
  /** Running writes of its end or of its backoff. */
  endings: number
  /** The backoff that the record knows, with its version. */
  noted?: string | undefined
}

const ENDED = ['expired', 'loggedOut']

/** Whether something of it is not stored yet. */
export const owes = ({ handle, isOwed, endings }: AwakeSession) =>
  endings > 0 || (isOwed && !(handle && ENDED.includes(handle.session.getSnapshot().state)))

/** The same, or a refresh is running. */
export const isUnsettled = (live: AwakeSession) =>
  owes(live) || live.renewal !== undefined || live.handle?.session.getSnapshot().state === 'refreshing'

/** The session of an audit entry. */
export function whoseOf({ handle, known: { record } }: AwakeSession) {
  const [via] = record.via
  const found = 'ended' in record.session ? undefined : record.session.user
  const user = handle ? handle.session.getSnapshot().user : found
  return user ? { via, userId: user.id } : { via }
}

/** Tells a backoff of a chart from others, on the session's timeline; `undefined`: there is none. */
export function backoffKeyOf(snapshot: Parameters<typeof backoffOf>[0]): string | undefined {
  const backoff = backoffOf(snapshot)
  return backoff && `${snapshot.context.version} ${backoff.triedAt} ${backoff.rejected === true}`
}

/** Whether its record does not know the backoff of its chart. A newer version replaces the whole record. */
export function isUnnoted({ noted }: AwakeSession, snapshot: Parameters<typeof backoffOf>[0]): boolean {
  const key = backoffKeyOf(snapshot)
  return key === undefined ? noted?.startsWith(`${snapshot.context.version} `) === true : key !== noted
}

/** Whether a record's backoff was written in the past, as it must be. */
export const isOfPast = ({ record: { session } }: Opened, wall: number) =>
  !('ended' in session) && (session.backoff?.triedAt ?? 0) <= wall
