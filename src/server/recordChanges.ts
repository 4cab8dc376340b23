import type { Backoff, Position } from '../../machines/session.types.ts'
import { isAt } from './entries.ts'
import type { Intent, ServerRecord } from './serverRecord.ts'

/**
 * The record after a change by a session at a position; `undefined`: the record has changed meanwhile, or says so
 * already.
 */
type Change = (record: ServerRecord) => ServerRecord | undefined

/** Gives the token of the session up, for `closed`: nobody sends it again. */
export function givenUp(at: Position, closed: NonNullable<Intent['closed']>, wall: number): Change {
  return (record) => {
    const { session, intent } = record
    // Another process will report its running send.
    const isOpen = (intent?.openUntil ?? 0) > wall
    const isSaid = intent?.closed !== undefined && intent.closed !== 'consumed'
    return isAt(session, at) && intent && !isOpen && !isSaid
      ? { ...record, intent: { ...intent, closed } }
      : undefined
  }
}

/** When the next attempt is due; `undefined`: nothing holds the session back. */
export function backedOff(at: Position, backoff: Backoff | undefined): Change {
  return (record) => {
    if ('ended' in record.session || !isAt(record.session, at)) return undefined
    const { backoff: _, ...session } = record.session
    return { ...record, session: { ...session, ...(backoff && { backoff }) } }
  }
}
