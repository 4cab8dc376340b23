import type { UserIdentity } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import type { BaseSession, Session } from '../session/session.ts'

/** The session that logins begin; whatever its users are. */
export type LoginSession = Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'> &
  Pick<Session, 'login'>

/** Who is logged in, and at which provider. */
export interface Living {
  readonly id: string
  readonly provider: string
}

/** Who is logged in now; `undefined`: nobody, as far as is known. */
export function living(session: LoginSession): Living | undefined {
  const { isAuthenticated, user, provider } = session.getSnapshot()
  return isAuthenticated && user ? { id: user.id, provider } : undefined
}

/** The same, as soon as that is known. Where nobody is logged in, somebody is waited for for `waitMs`. */
export function livingSoon(session: LoginSession, waitMs = 0): Promise<Living | undefined> {
  return new Promise((resolve) => {
    let isWaiting = waitMs > 0
    const look = () => {
      const { isPending, isAuthenticated } = session.getSnapshot()
      if (isPending || (isWaiting && !isAuthenticated)) return
      unsubscribe()
      disarm()
      resolve(living(session))
    }
    const unsubscribe = session.subscribe(look)
    const disarm = systemClock.setTimer(
      () => {
        isWaiting = false
        look()
      },
      Math.max(waitMs, 0),
      'background',
    )
    look()
  })
}
