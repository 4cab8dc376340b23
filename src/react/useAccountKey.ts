'use client'
import { useState } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import { useSession } from './useSession.ts'

const accountOf = ({ provider, user }: SessionState) =>
  user ? `${provider} ${user.tenantId ?? ''} ${user.id}` : null

/**
 * A `key` for what keeps a state of its own beside the session, such as the whole of an admin framework: it changes when
 * another account takes the session over, so that nothing of one user (caches, half-filled forms, what is still to be
 * undone) is the next one's. It stays while nobody is logged in, and for the same user's next login.
 *
 * @example
 * const key = useAccountKey()
 * return <Admin key={key} authProvider={authProvider} dataProvider={dataProvider} />
 */
export function useAccountKey(): number {
  const account = useSession(accountOf)
  const [shown, setShown] = useState({ account, changes: 0 })
  if (account === null || account === shown.account) return shown.changes
  const next = { account, changes: shown.changes + (shown.account === null ? 0 : 1) }
  // While this renders, so that nobody sees the state of the user before.
  setShown(next)
  return next.changes
}
