import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { assertSession } from '../base/assertSession.ts'
import { SessionChanged } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'
import { whenKnown } from './whenKnown.ts'

/**
 * The same data provider. Its calls wait until it is known whether a user is logged in, and its answers never reach
 * another login: a call that was running when the user changed rejects with `SessionChanged`.
 *
 * @example
 * const dataProvider = reactAdminDataProvider(session, simpleRestProvider('/api/admin', httpClient))
 */
export function reactAdminDataProvider<Provider extends object>(
  session: Pick<BaseSession<UserIdentity>, 'getSnapshot' | 'subscribe'>,
  provider: Provider,
): Provider {
  assertSession(session, 'reactAdminDataProvider')
  assertHas(
    provider,
    ['getList'],
    'reactAdminDataProvider: the second argument',
    'a data provider of react-admin',
  )
  return new Proxy(provider, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]) => {
        const { epoch } = await whenKnown(session)
        const answer: unknown = await member.apply(target, args)
        if (session.getSnapshot().epoch !== epoch) throw new SessionChanged()
        return answer
      }
    },
  })
}
