import type { SessionRecord } from '../stores/store.ts'
import type { Opened } from './entries.ts'
import type { ServerEndReason } from './notice.ts'

/** A living session, by its record. */
export interface Found extends Opened {
  readonly key: string
  readonly session: SessionRecord
}

/** There is no session. The fields may say why. */
export interface Missing {
  readonly reason?: ServerEndReason
  /** The login of the request ended for `reason`. */
  readonly login?: string
  /** There are several sessions, and the server cannot tell which is the browser's own. */
  readonly isAmbiguous?: true
  /** There is a session, but of another login than the request names. */
  readonly isOther?: true
  /** There is a session of a login that this server does not have; a later release may have it. */
  readonly isUnknownLogin?: true
  /** Its record is one that another process can read: see `OthersRecord`. Its cookie stays. */
  readonly isOthers?: true
}

export const isFound = (found: Found | Missing): found is Found => 'record' in found
