// session.ts
import { bffStrategy, createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'

/** The tokens are on the panel's server: see "Behind a server of its own". */
export const session = createSession(
  browserOptions({ baseUrl: location.origin, strategies: { bff: bffStrategy() } }),
)

/** What the login form calls. What it throws, the form shows. */
export async function logIn(fields: unknown): Promise<void> {
  const answer = await fetch('/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify(fields),
  })
  // With a second factor the answer is { next: 'twoFactor' }: ask for the code, post it to /session/login/2fa.
  if (!answer.ok) throw new Error('The e-mail address or the password is wrong.')
  await session.login(await answer.json(), { provider: 'bff' })
}

/** Goes to the identity provider, and comes back to `returnTo`. A link could not: any website could make you follow it. */
export async function signInWithOpenid(returnTo: string): Promise<void> {
  const answer = await fetch('/session/openid/start', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf': '1' },
    body: JSON.stringify({ returnTo }),
  })
  if (!answer.ok) throw new Error('The sign-in could not begin. Please try again.')
  location.assign((await answer.json()).location)
}
