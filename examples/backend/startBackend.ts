import type { accounts } from './accounts.ts'
import type { Faults } from './faults.ts'
import type { KnobOptions, Knobs } from './knobs.ts'
import type { LoginFlows } from './loginFlows.ts'
import type { Operator } from './operator.ts'
import type { Presentation } from './presentations.ts'
import type { RequestRecord } from './requestLog.ts'

export interface BackendOptions {
  /** @default 0, any free port */
  readonly port?: number
  /** @default 0, any free port */
  readonly providerPort?: number
  /** `ADMIN_PANEL_URL`; its origin is what exchange codes are bound to. @default 'http://localhost:3000' */
  readonly panelUrl?: string
  /** Knobs to start with; `backend.knobs` changes them later. */
  readonly knobs?: KnobOptions
  /** The backend's clock. The provider keeps the real time. @default Date.now */
  readonly now?: () => number
}

export interface Backend extends LoginFlows {
  /** Base URL of the backend, without a trailing slash. */
  readonly url: string
  /** Issuer URL of the OpenID provider. */
  readonly providerUrl: string
  readonly panelUrl: string
  readonly accounts: typeof accounts
  /** Assign to change: `backend.knobs.sessionMs = 3000`. */
  readonly knobs: Knobs
  readonly faults: Faults
  readonly log: BackendLog
  readonly operator: Operator
  /** The backend's clock, `clockOffsetMs` included. */
  now(): number
  close(): Promise<void>
}

export interface BackendLog {
  readonly requests: readonly RequestRecord[]
  readonly presentations: readonly Presentation[]
  /** Presentations by token hash, in order of arrival. */
  presentationsPerToken(): Map<string, Presentation[]>
  /** Presentations of a token that had been rotated away or rejected before. */
  replays(): Presentation[]
  reset(): void
}

export async function startBackend(options: BackendOptions = {}): Promise<Backend> {
  throw new Error(`not written yet: ${Object.keys(options).join()}`)
}
