import { type Clock, systemClock } from '../base/clock.ts'
import type { ServerNotice } from './notice.ts'

/** The severity, as syslog and most collectors name it. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Where lines go, and which of them. */
export interface JsonLinesOptions {
  /** Takes one line, without its end. @default console.log */
  readonly write?: (line: string) => void
  /** The lowest level that is written. @default 'debug': all */
  readonly level?: LogLevel
  /** The time of a line. @default the platform's clock */
  readonly clock?: Pick<Clock, 'wall'>
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** `debug`: normal work. `info`: what users do. `warn`: watch the rate. `error`: wake somebody. */
const OF_NOTICE = {
  refreshSent: 'debug',
  refreshed: 'debug',
  nearingExpiry: 'debug',
  loggedOut: 'debug',
  changed: 'info',
  login: 'info',
  ended: 'info',
  expired: 'warn',
  stepUpRequired: 'info',
  loginRefused: 'warn',
  refreshDeferred: 'warn',
  notVerified: 'warn',
  turnedAway: 'warn',
  warning: 'warn',
  plainHttp: 'warn',
  refreshesPaced: 'warn',
  security: 'error',
  providerLogoutFailed: 'error',
  storeFailed: 'error',
} satisfies Record<ServerNotice['type'], LogLevel>

/** Reasons without a fault, and reasons that show a bug or an incident. */
const OF_REASON: Readonly<Record<string, LogLevel>> = {
  idle: 'info',
  absoluteLifetime: 'info',
  identityMismatch: 'error',
  internal: 'error',
}

/**
 * Writes notices as JSON lines, for the option `observe`: `time`, `level`, and the notice. It writes entries of
 * `audit`, and your own lines that have a `type`, in the same way.
 *
 * @example
 * const server = createSessionServer({ ...serverOptions, observe: jsonLines({ level: 'info' }) })
 */
export function jsonLines({
  write = console.log,
  level: least = 'debug',
  clock = systemClock,
}: JsonLinesOptions = {}): <Entry extends { readonly type: string }>(entry: Entry) => void {
  return (entry) => {
    const level = levelOf(entry)
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return
    write(JSON.stringify({ time: new Date(clock.wall()).toISOString(), level, ...entry }))
  }
}

function levelOf({ type, reason }: { readonly type: string; readonly reason?: unknown }): LogLevel {
  const isEnd = type === 'expired' || type === 'ended'
  if (isEnd && typeof reason === 'string' && Object.hasOwn(OF_REASON, reason))
    return OF_REASON[reason] as LogLevel
  return Object.hasOwn(OF_NOTICE, type) ? OF_NOTICE[type as keyof typeof OF_NOTICE] : 'info'
}
