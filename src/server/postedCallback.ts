import { redirect } from './answers.ts'
import type { Endpoint } from './context.ts'

/** What a callback is told (RFC 6749 section 4.1.2, RFC 9207). What a provider posts besides belongs in no address. */
const PARAMETERS = ['code', 'state', 'iss', 'error']

/**
 * `POST` of a callback, as providers with `response_mode=form_post` do it (OAuth 2.0 Form Post Response Mode): on to the
 * same callback as a `GET`. A post that comes from the provider's site brings none of our cookies, since they are `Lax`;
 * the window that is then sent here brings them.
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
