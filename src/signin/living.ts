import type { UserIdentity } from '../../machines/session.types.ts'
import { systemClock } from '../base/clock.ts'
import type { BaseSession, Session } from '../session/session.ts'

/** The session of the logins, with any type of user. */
export type LoginSession = Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'> &
  Pick<Session, 'login'>

/** The user who is logged in, and the provider. */
export interface Living {
  readonly id: string
  readonly provider: string
}

/** The user who is logged in now; `undefined`: nobody, or not known. */
export function living(session: LoginSession): Living | undefined {
  const { isAuthenticated, user, provider } = session.getSnapshot()
  return isAuthenticated && user ? { id: user.id, provider } : undefined
}

/** The same, as soon as it is known. If nobody is logged in, it waits for `waitMs`. */
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
