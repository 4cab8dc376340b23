// session.ts
import { type BffCredentials, createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

/** The tokens are on the panel's server: see "Behind a server of its own". */
export const session = createBffSession({ page: browserPage() })

/** What the login form calls. What it throws, the form shows. */
export async function logIn(fields: unknown): Promise<void> {
  // With a second factor it resolves to { next: 'twoFactor' }: ask for the code, and call session.secondFactor({ code }).
  await session.login(fields as BffCredentials).catch(() => {
    throw new Error('The e-mail address or the password is wrong.')
  })
}

/** Goes to the identity provider, and comes back to `returnTo`. A link could not: any website could make you follow it. */
export async function signInWithOpenid(returnTo: string): Promise<void> {
  const answer = await fetch('/session/login/start', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify({ returnTo }),
  })
  if (!answer.ok) throw new Error('The sign-in could not begin. Please try again.')
  location.assign((await answer.json()).location)
}
