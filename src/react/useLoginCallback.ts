'use client'
import { useEffect, useRef, useState } from 'react'
import { assertHas } from '../base/assertHas.ts'
import type { AnySessionError } from '../base/errors.ts'
import type { Logins } from '../signin/createLogins.ts'

/** The state of a login's callback in this page. */
export interface LoginCallback {
  /** The callback is being handled, or it is not yet known whether there is one. */
  readonly isPending: boolean
  /** Why the login failed; `null`: it did not, or there is none. */
  readonly error: AnySessionError | null
}

const looking: LoginCallback = { isPending: true, error: null }
const none: LoginCallback = { isPending: false, error: null }

/**
 * Handles the callback of a login, if this page is one, and then navigates to the page on which the login began, also if
 * the login failed.
 * `SignInGuard` does this itself; use this hook on public pages.
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
  assertHas(logins, ['handleCallback'], 'useLoginCallback: the first argument', 'what createLogins returns')
  const [state, setState] = useState(looking)
  const lead = useRef(onReturn)
  useEffect(() => {
    lead.current = onReturn
  })

  useEffect(() => {
    if (!logins.isCallback()) return setState(none)
    // Strict mode runs this twice, and the login is exchanged once. The first run is gone by then.
    let isHere = true
    logins.handleCallback().then(
      async ({ returnTo }) => {
        if (!isHere) return
        await lead.current(returnTo)
        setState(none)
      },
      async (error) => {
        if (!isHere) return
        // A reload at the address of the callback would find no login there.
        if (error.returnTo !== undefined) await lead.current(error.returnTo)
        setState({ isPending: false, error })
      },
    )
    return () => {
      isHere = false
    }
  }, [logins])
  return state
}

/** Routers read the address when the history changes. */
function goTo(returnTo: string): void {
  history.replaceState(null, '', returnTo)
  dispatchEvent(new PopStateEvent('popstate', { state: null }))
}
