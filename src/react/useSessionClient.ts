'use client'
import type { Session } from '../session/session.ts'
import { useProvided } from './provided.ts'

/**
 * The session itself, to call: `login` after your own login form, `getToken`, `refresh`. What it knows is read with
 * `useSession`. The same object until the provider is given another.
 */
export function useSessionClient(): Session {
  return useProvided().session
}
