// session.ts
import { type BffCredentials, createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

/** The panel's server holds the tokens: see "A page and its server". */
export const session = createBffSession({ page: browserPage() })

/** The login form calls this, and shows the error that it throws. */
export async function logIn(fields: unknown): Promise<void> {
  // With a second factor this resolves to { next: 'twoFactor' }: ask for the code, and call session.secondFactor({ code }).
  await session.login(fields as BffCredentials).catch(() => {
    throw new Error('The e-mail address or the password is wrong.')
  })
}

/** Sends the browser to the identity provider, and back to `returnTo`. It is no link, because other websites could use a link. */
export async function signInWithOpenid(returnTo: string): Promise<void> {
  const answer = await fetch('/session/login/start', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify({ returnTo }),
  })
  if (!answer.ok) throw new Error('The sign-in could not begin. Please try again.')
  location.assign((await answer.json()).location)
}
