'use client'
import { useCallback, useEffect, useRef } from 'react'
import { assertHas } from '../base/assertHas.ts'
import type { Logins, SignInOptions } from '../signin/createLogins.ts'
import { type SessionAction, useSessionAction } from './useSessionAction.ts'

/**
 * Signs in at a provider: the page leaves for it. Pending until then; `error` says why the page could not leave.
 *
 * @param logins of `createLogins`, made once beside the session
 * @example
 * const { mutate, isPending, error } = useSignIn(logins, 'keycloak', { returnTo: '/users' })
 * return (
 *   <button type="button" disabled={isPending} onClick={mutate}>
 *     {error ? 'Try again' : 'Sign in'}
 *   </button>
 * )
 */
export function useSignIn<Name extends string>(
  logins: Logins<Name>,
  provider: Name,
  options?: SignInOptions,
): SessionAction {
  assertHas(logins, ['signIn'], 'useSignIn: the first argument', 'what createLogins returns')
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  return useSessionAction(useCallback(() => logins.signIn(provider, latest.current), [logins, provider]))
}
