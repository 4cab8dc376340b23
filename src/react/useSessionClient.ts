'use client'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession, Session } from '../session/session.ts'
import { useProvided } from './provided.ts'

/**
 * The session itself, to call: `login`, `refresh`, `logout`. What it knows is read with `useSession`. The same object until
 * the provider is given another.
 *
 * @example
 * const session = useSessionClient<BffSession>()
 */
export function useSessionClient<Client extends BaseSession<UserIdentity> = Session>(): Client {
  return useProvided().session as Client
}
