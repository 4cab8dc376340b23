'use client'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionUser } from '../../machines/session.types.ts'
import { useSession } from './useSession.ts'

const userOf = (session: SessionState) => (session.isAuthenticated ? session.user : null)

/** Who is logged in; `null`: nobody, or not yet known. The same object until something of the user changes. */
export function useUser(): SessionUser | null {
  return useSession(userOf)
}
