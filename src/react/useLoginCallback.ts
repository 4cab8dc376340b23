'use client'
import { useEffect, useRef, useState } from 'react'
import type { AnySessionError } from '../base/errors.ts'
import type { Logins } from '../signin/createLogins.ts'

/** What is known of the callback of a login in this page. */
export interface LoginCallback {
  /** It is being handled, or it is not yet known whether there is one. */
  readonly isPending: boolean
  /** Why its login failed; `null`: it did not, or there is none. */
  readonly error: AnySessionError | null
}

const looking: LoginCallback = { isPending: true, error: null }
const none: LoginCallback = { isPending: false, error: null }

/**
 * Handles the callback of a login, if this page is one, and then leads to where the login began. `SignInGuard` does so
 * itself; this is for pages that may be seen by anybody.
 *
 * @param onReturn leads there: the `navigate` of a router @default puts the path in place of the address, and tells routers
 * @example
 * const { isPending, error } = useLoginCallback(logins, (returnTo) => location.replace(returnTo))
 * return isPending ? <p>One moment…</p> : error && <p role="alert">{error.message}</p>
 */
export function useLoginCallback(
  logins: Logins<string>,
  onReturn: (returnTo: string) => unknown = goTo,
): LoginCallback {
  const [state, setState] = useState(looking)
  const lead = useRef(onReturn)
  useEffect(() => {
    lead.current = onReturn
  })

  useEffect(() => {
    if (!logins.isCallback()) return setState(none)
    // A strict React runs this twice, and the login is exchanged once. Its first run is not there any more.
    let isHere = true
    logins.handleCallback().then(
      async ({ returnTo }) => {
        if (!isHere) return
        await lead.current(returnTo)
        setState(none)
      },
      (error) => isHere && setState({ isPending: false, error }),
    )
    return () => {
      isHere = false
    }
  }, [logins])
  return state
}

/** Routers look at the address when the history moves. */
function goTo(returnTo: string): void {
  history.replaceState(null, '', returnTo)
  dispatchEvent(new PopStateEvent('popstate', { state: null }))
}
