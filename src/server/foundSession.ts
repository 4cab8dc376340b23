import type { SessionRecord } from '../stores/store.ts'
import type { Opened } from './entries.ts'
import type { ServerEndReason } from './notice.ts'

/** A session that is alive, as its record says. */
export interface Found extends Opened {
  readonly key: string
  readonly session: SessionRecord
}

/** There is none, and perhaps why. */
export interface Missing {
  readonly reason?: ServerEndReason
  /** The login that ended for `reason`. */
  readonly login?: string
  /** There are several, and nobody knows which is the browser's own. */
  readonly isAmbiguous?: true
  /** There is one, of another login than the request is for. */
  readonly isOther?: true
  /** There is one, of a login that this server does not have: perhaps a later release of it does. */
  readonly isUnknownLogin?: true
}

export const isFound = (found: Found | Missing): found is Found => 'record' in found
