import { Misconfigured } from '../base/errors.ts'

/** The logins of a page, made by `createLogins`. Their errors say what went wrong. */
export interface PageLogins {
  /** Leaves the page for the provider. */
  signIn(
    provider: never,
    options?: { readonly returnTo?: string; readonly isUnasked?: boolean },
  ): Promise<void>
  /** Ends the login whose callback this page is. */
  handleCallback(): Promise<{ readonly returnTo: string }>
}

/** Logins that begin at a provider. */
export interface SignInAt {
  /** The result of `createLogins`, made once beside the session. */
  readonly logins: PageLogins
  /** The key of the provider among the strategies. */
  readonly provider: string
}

/** Refuses what begins no login, for `factory`. */
export function assertLogin(login: unknown, factory: string): void {
  if (
    typeof login === 'function' ||
    typeof (login as SignInAt | null | undefined)?.logins?.signIn === 'function'
  )
    return
  throw new Misconfigured(
    `${factory}: \`login\` must be a function that logs in, or { logins, provider } with what createLogins returns.`,
  )
}

/** Leaves for the provider. `wanted`: the target in a form or a router. */
export function signInAt({ logins, provider }: SignInAt, wanted?: unknown, isUnasked = false): Promise<void> {
  const returnTo = typeof wanted === 'string' && wanted.startsWith('/') ? { returnTo: wanted } : {}
  return logins.signIn(provider as never, { ...returnTo, ...(isUnasked && { isUnasked }) })
}
