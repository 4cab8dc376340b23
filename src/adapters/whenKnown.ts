import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import { Disposed } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'

/** Resolves as soon as it is known whether somebody is logged in; at once, except while a page loads. */
export function whenKnown<User extends UserIdentity>(
  session: Pick<BaseSession<User>, 'getSnapshot' | 'subscribe'>,
  signal?: AbortSignal,
): Promise<SessionState<User>> {
  return new Promise((resolve, reject) => {
    const look = (): boolean => {
      const state = session.getSnapshot()
      if (state.isPending) return false
      resolve(state)
      return true
    }
    if (signal?.aborted) return reject(signal.reason)
    if (look()) return
    const stop = session.subscribe(() => {
      if (look()) leave()
    })
    const abandon = () => {
      leave()
      reject(signal?.reason ?? new Disposed())
    }
    const leave = () => {
      stop()
      signal?.removeEventListener('abort', abandon)
    }
    signal?.addEventListener('abort', abandon)
  })
}
