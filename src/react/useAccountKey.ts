'use client'
import { useState } from 'react'
import { accountOf } from './accountOf.ts'
import { useSession } from './useSession.ts'

/**
 * A `key` for components with their own state, such as a whole admin framework. It changes when another account takes
 * the session over, so no state of one user (caches, half-filled forms, pending undo) passes to the next. It does not
 * change while nobody is logged in, or at the same user's next login.
 *
 * @example
 * const key = useAccountKey()
 * return <Admin key={key} authProvider={authProvider} dataProvider={dataProvider} />
 */
export function useAccountKey(): number {
  const account = useSession(accountOf)
  const [shown, setShown] = useState({ account, changes: 0 })
  if (!account || account === shown.account) return shown.changes
  const next = { account, changes: shown.changes + (shown.account === null ? 0 : 1) }
  // This happens during render, so that nobody sees the state of the previous user.
  setShown(next)
  return next.changes
}
