import type { SessionStateName } from 'xstate-session'

/** Where the session stands after the event that is being explained. */
export interface Landing {
  readonly from: SessionStateName
  readonly to: SessionStateName
  /** A refresh token was sent and nobody can say whether it was spent. */
  readonly isInDoubt: boolean
}

type Explained = { readonly type: string; readonly by?: unknown; readonly reason?: unknown }

/** Why the session moved, in plain words. */
export function causeOf(event: Explained, { from, to, isInDoubt }: Landing): string {
  switch (event.type) {
    case 'session.started':
      return 'login'
    case 'session.renewed':
      return 'renewed with a new refresh token'
    case 'session.ended':
      return event.reason === 'user' ? 'logout' : `ended: ${event.reason}`
    case 'refresh.asked':
      return event.by === 'caller' ? 'a caller needs a fresh bearer' : 'asked to refresh'
    case 'bearer.rejected':
      return 'the backend answered 401'
    case 'refresh.refused':
      return 'turned away, token not spent'
    case 'refresh.unknown':
      return 'unclear answer: token may be spent'
    case 'refresh.rejected':
      return `definitive no: ${event.reason}`
    case 'time.checked':
      if (to === 'nearingExpiry') return 'renewal due, waits for a caller'
      if (to === 'expired') return 'nothing left to try'
      if (from !== 'retrying') return 'timer: renewal is due'
      return isInDoubt ? 'bearer ended: may send once more' : 'waited as told, sends again'
    default:
      return event.type
  }
}
