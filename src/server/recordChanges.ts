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

/** When the next attempt is due. */
export function backedOff(at: Position, backoff: Backoff): Change {
  return (record) => {
    const { session } = record
    return 'ended' in session || !isAt(session, at)
      ? undefined
      : { ...record, session: { ...session, backoff } }
  }
}
