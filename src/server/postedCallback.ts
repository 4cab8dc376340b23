import { redirect } from './answers.ts'
import type { Endpoint } from './context.ts'

/**
 * The parameters of a callback (RFC 6749 section 4.1.2, RFC 9207). Anything else that a provider posts must not get
 * into an address.
 */
const PARAMETERS = ['code', 'state', 'iss', 'error']

/**
 * `POST` of a callback, for providers with `response_mode=form_post` (OAuth 2.0 Form Post Response Mode): redirects to
 * the same callback as a `GET`. A post from the provider's site carries none of our cookies, because they are `Lax`.
 * The redirected window carries them.
 */
export const postedCallback: Endpoint = async (_, request) => {
  const form = new URLSearchParams(await request.text())
  const { pathname } = new URL(request.url)
  const told = PARAMETERS.flatMap((name): [string, string][] => {
    const value = form.get(name)
    return value === null ? [] : [[name, value]]
  })
  return redirect(`${pathname}?${new URLSearchParams(told)}`, [], 303)
}
