import { isBearer } from '../../base/isBearer.ts'
import { readUser } from '../../base/readUser.ts'
import type { LoginRefusal } from '../../server/serverLogin.ts'
import { isJson, mediaTypeOf } from '../../wire/mediaType.ts'
import type { WireAnswer } from '../../wire/wireAnswer.ts'

type Said = Record<string, unknown> | undefined

/** Answers of a gateway or a framework for a missing route, in LibreChat's form. */
const FOREIGN =
  /^(bad request|unauthorized|not found|unprocessable (entity|content)|endpoint not found|missing authentication token|no route matched\b.*|no api key found\b.*|invalid authentication credentials|no credentials found\b.*|cannot post\b.*)\.?$/i

/**
 * The meaning of a refusal of the backend's login routes for a page; `wrong` is the code for a wrong credential. The
 * backend's sentence stays here, because it reveals whether a user exists. `undefined`: the answer is not LibreChat's,
 * which is JSON with `{ message }` alone, so nobody checked the password.
 */
export function loginRefusal(
  { status, headers }: WireAnswer,
  said: Said,
  wrong: string,
): LoginRefusal | undefined {
  if (status === 429) return { status: 429, code: 'rate_limited' }
  if (status >= 500) return { status: 503, code: 'backend_unavailable' }
  // Gateways use the same form as LibreChat, but add a header: that of AWS, and one that asks for the gateway's own
  // credentials (Kong).
  const isOfGateway = headers.has('x-amzn-errortype') || headers.has('www-authenticate')
  if (!isJson(headers) || !said || isOfGateway) return undefined
  if (status === 403) return forbidden(said)
  const { message } = said
  if (!isAlone(said) || FOREIGN.test(String(message).trim())) return undefined
  if (status === 422) return { status: 403, code: 'email_not_verified' }
  return status === 400 || status === 401 || status === 404 ? { status: 401, code: wrong } : undefined
}

const isAlone = (said: Record<string, unknown>): boolean =>
  Object.keys(said).length === 1 && typeof said.message === 'string' && said.message !== ''

/** A 403 of a guard before the route, or of the route. */
function forbidden(said: Record<string, unknown>): LoginRefusal | undefined {
  const { message, code, error } = said
  const refusal = (word: string) => ({ status: 403, code: word })
  if (isAlone(said)) {
    if (/\bbanned\b/i.test(String(message))) return refusal('banned')
    // The second is the guard of newer releases, which accepts only LibreChat's own page.
    return message === 'Forbidden' || /^cross-site request/i.test(String(message))
      ? refusal('forbidden')
      : undefined
  }
  // Many have a code and a message; LibreChat's says what to do.
  if (typeof code === 'string' && error === undefined && /identity provider/i.test(String(message)))
    return refusal('use_identity_provider')
  return typeof error === 'string' && /^tenant context required/i.test(error)
    ? refusal('forbidden')
    : undefined
}

/** The same for the exchange of a code, whose errors are JSON with an `error_code`. */
export function exchangeRefusal({ status, headers }: WireAnswer, said: Said): LoginRefusal | undefined {
  if (status === 429) return { status: 429, code: 'rate_limited' }
  if (status >= 500) return { status: 503, code: 'backend_unavailable' }
  if (!isJson(headers) || !said || headers.has('x-amzn-errortype')) return undefined
  if (status === 403) return forbidden(said)
  if (typeof said.error_code !== 'string') return undefined
  if (status === 401) return { status: 401, code: 'code_expired' }
  return status === 400 ? { status: 401, code: 'invalid_code' } : undefined
}

/** Whether an answer opens a session: LibreChat's answer, with a token and a user. */
export const isGrant = (said: Said): said is Record<string, unknown> & { readonly token: string } =>
  isBearer(said?.token) && readUser(said?.user) !== undefined

/** The status and type of an answer in LibreChat's place, and nothing of its contents. */
export function cameAs({ status, headers }: WireAnswer): string {
  if (status === 0 || (status >= 300 && status < 400)) return `${status || 'a'} redirect`
  const type = mediaTypeOf(headers)
  const what = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(type) ? type : type && 'an odd content type'
  return `${status} ${what || 'without a content type'}`
}

export const EXPECTED =
  'LibreChat’s own answer, JSON with a token and a user or with "message" alone: see the option "baseUrl"'
