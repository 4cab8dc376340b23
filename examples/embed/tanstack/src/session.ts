import { type BffCredentials, createBffSession, loginErrorText } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

/** The panel's server holds the tokens: see "A page and its server". */
export const session = createBffSession({ page: browserPage() })

/** Throws the text for the user. */
const tell = (error: unknown): never => {
  throw new Error(loginErrorText(error))
}

/** The login form calls this, and shows the error that it throws. */
export async function logIn(fields: unknown): Promise<void> {
  // With a second factor this resolves to { next: 'twoFactor' }: ask for the code, and call session.secondFactor({ code }).
  await session.login(fields as BffCredentials).catch(tell)
}

/** Leaves for the identity provider. It throws the same if the login cannot begin. */
export const logInWithOpenid = (returnTo: string): Promise<void> =>
  session.loginWithRedirect({ returnTo }).catch(tell)

const error = new URLSearchParams(location.search).get('error')
/** What the form shows first: a login that failed at the provider comes back with `?error=`. */
export const failedLogin = error ? loginErrorText(error) : ''
