import type { LoginRefused } from './errors.ts'

/** What users may be told of a login that failed, by the `reason` of its `LoginRefused`. Translate this table. */
export const loginErrorTexts: Readonly<Record<string, string>> = {
  invalid_credentials: 'The e-mail address or the password is wrong.',
  invalid_code: 'The code is wrong.',
  too_many_attempts: 'Too many wrong codes. Please start again.',
  login_expired: 'That took too long. Please start again.',
  rate_limited: 'Too many attempts. Please wait a moment.',
  forbidden: 'This account may not sign in here.',
  backend_unavailable: 'The sign-in service cannot be reached at the moment. Please try again.',
  backend_timeout: 'The sign-in service takes too long at the moment. Please try again.',
  login_not_started: 'That sign-in was not begun in this browser, or took too long. Please sign in here.',
  auth_failed: 'The sign-in at the identity provider did not work. Please try again.',
  access_denied: 'You have not signed in.',
  other_user: 'Somebody else has signed in there. You are still signed in as before.',
  unavailable: 'The server cannot be reached at the moment. Please try again.',
}

/**
 * A text for the user that says why a login failed: of `session.login`, `session.secondFactor` or
 * `session.loginWithRedirect`, or of a login at the identity provider, whose cause the server writes into the address of the
 * login page (`?error=`). A login that failed for another cause than the user's input, such as a server that is not
 * set up, has a text that names the code of the cause, so that a wrong `PUBLIC_URL` does not look like a wrong password.
 *
 * @param error - What the method rejected with, or the value of `?error=`.
 * @param texts - Your texts, by reason; a reason that is missing there is told in English.
 * @example
 * const session = createBffSession({ page: browserPage() })
 * await session.login({ email: 'ada@example.com', password: 'secret' }).catch((error) => {
 *   alert(loginErrorText(error))
 * })
 */
export function loginErrorText(error: unknown, texts: Readonly<Record<string, string>> = {}): string {
  const { code, reason = code } = Object(error) as Partial<LoginRefused>
  // An address says what anybody wrote into it.
  const cause = typeof error === 'string' && /^\w{1,40}$/.test(error) ? error : (reason ?? 'unknown')
  const known = { ...loginErrorTexts, ...texts }
  const text = Object.hasOwn(known, cause) && known[cause]
  return text || `The sign-in did not work (${cause}). Please try again, or tell an administrator.`
}
