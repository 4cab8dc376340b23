import { refusedCauses, securityNotices, unknownCauses, warnings } from '../base/outcomeWords.ts'
import { number, type Shown, wordOf } from '../inspect/shown.ts'
import { reason } from '../inspect/vocabulary.ts'
import type { ServerEndReason, ServerNotice, ServerSecurityNotice } from '../server/notice.ts'
import type { SessionNotice } from '../session/notice.ts'

const position = { epoch: number, version: number }
const serverReason = wordOf({
  revoked: true,
  sessionLimit: true,
} satisfies Record<Extract<ServerEndReason, 'revoked' | 'sessionLimit'>, true>)
const cause = wordOf({ ...refusedCauses, ...unknownCauses, unsupported: true })
const warning = wordOf({ ...warnings, serverMissing: true })
const turnedAway = wordOf({
  csrf: true,
  cookieDuplicate: true,
  seal: true,
  backChannelLogout: true,
  identityMismatch: true,
  otherLogin: true,
} satisfies Record<ServerSecurityNotice, true>)
const security = wordOf(securityNotices)

/** The recorded fields of notices. Free texts, URLs and the embedder's own names are left out. */
export const notices: Readonly<Record<string, Shown>> = {
  refreshed: position,
  nearingExpiry: position,
  expired: { ...position, reason },
  loggedOut: { ...position, reason },
  refreshSent: position,
  refreshDeferred: {
    ...position,
    outcome: wordOf({ refused: true, unknown: true, unsupported: true }),
    cause,
  },
  stepUpRequired: position,
  changed: { ...position, what: wordOf({ user: true, profile: true }) },
  warning: { ...position, code: warning, 'status?': number },
  security: { ...position, code: security },
  login: {},
  ended: { reason: (value: unknown) => reason(value) || serverReason(value) },
  loginRefused: { status: number },
  notVerified: { cause: wordOf({ unavailable: true, refused: true }) },
  turnedAway: { code: turnedAway },
  providerLogoutFailed: { cause: wordOf({ keys: true, store: true }) },
  refreshesPaced: { count: number },
  storeFailed: { doing: wordOf({ read: true, write: true }) },
  plainHttp: {},
} satisfies Record<SessionNotice['type'] | ServerNotice['type'], Shown>
