import type { Grant } from './grant.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import type { SharedRecord } from './sharedRecord.ts'
import type { Vault } from './vault.ts'

/** The parts that an attempt and its outcome share. */
export interface SessionParts {
  readonly settings: Settings
  readonly vault: Vault
  readonly grant: Grant
  /** Absent: no peer shares the session. */
  readonly shared: SharedRecord | undefined
  /** On the session's timeline. */
  now(): number
  notify(notice: Notice): void
}
