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
