import { type BffCredentials, createBffSession, loginErrorText } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

/** The panel's server holds the tokens: see "A page and its server". */
export const session = createBffSession({ page: browserPage() })

/** The login form calls this, and shows the error that it throws. */
export async function logIn(fields: unknown): Promise<void> {
  // With a second factor this resolves to { next: 'twoFactor' }: ask for the code, and call session.secondFactor({ code }).
  await session.login(fields as BffCredentials).catch((error) => {
    throw new Error(loginErrorText(error))
  })
}
