import type { Clock } from '../../base/clock.ts'
import type { BackendLimiter } from './backendLimiter.ts'

/** The settings of every call to a LibreChat backend. */
export interface LibrechatLine {
  /** Absolute, ends with `/`. */
  readonly baseUrl: string
  /** The panel's origin. */
  readonly origin: string
  readonly clock: Clock
  /** For one call; milliseconds. */
  readonly attemptTimeoutMs: number
  /** Absent: the platform's own connection. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Absent: the backend has none. */
  readonly limiter: BackendLimiter | undefined
}
