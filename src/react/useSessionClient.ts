'use client'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession, Session } from '../session/session.ts'
import { useProvided } from './provided.ts'

/**
 * The session itself, for calls: `login`, `refresh`, `logout`. Read its state with `useSession`. The same object until
 * the provider gets another session.
 *
 * @example
 * const session = useSessionClient<BffSession>()
 */
export function useSessionClient<Client extends BaseSession<UserIdentity> = Session>(): Client {
  return useProvided().session as Client
}
