'use client'
import { useCallback, useEffect, useRef, useState } from 'react'
import { assertHas } from '../base/assertHas.ts'
import type { Logins, SignInOptions } from '../signin/createLogins.ts'
import { type SessionAction, useSessionAction } from './useSessionAction.ts'

/** A step-up in a window of its own, and its state. */
export interface StepUpAction extends SessionAction {
  /** The user has come back to this page without an answer: offer `cancel`. */
  readonly isBack: boolean
  /** Gives up: the step-up fails with `login_cancelled`, and the session stays as it is. */
  readonly cancel: () => void
}

/**
 * Lets the user sign in once more in a window of its own, while the page stays as it is. Pending until the user has
 * done so. It succeeds if the same user has signed in as requested. Call `mutate` directly in the click.
 *
 * @param logins of `createLogins` with its option `popups`, made once beside the session
 * @example
 * const { mutate, isPending, isBack, cancel } = useStepUp(logins, 'keycloak', { maxAge: 60 })
 * return isBack ? (
 *   <button type="button" onClick={cancel}>
 *     Cancel
 *   </button>
 * ) : (
 *   <button type="button" disabled={isPending} onClick={mutate}>
 *     Prove that it is you
 *   </button>
 * )
 */
export function useStepUp<Name extends string>(
  logins: Logins<Name>,
  provider: Name,
  options?: Omit<SignInOptions, 'popup'>,
): StepUpAction {
  assertHas(logins, ['stepUp'], 'useStepUp: the first argument', 'what createLogins returns')
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  const asking = useRef<AbortController>(undefined)
  const [isBack, setBack] = useState(false)
  const action = useSessionAction(
    useCallback(() => {
      asking.current = new AbortController()
      const { signal } = asking.current
      setBack(false)
      const onReturn = () => signal === asking.current?.signal && setBack(true)
      return logins.stepUp(provider, { ...latest.current, popup: { signal, onReturn } })
    }, [logins, provider]),
  )
  const cancel = useCallback(() => asking.current?.abort(), [])
  return { ...action, isBack: isBack && action.isPending, cancel }
}
