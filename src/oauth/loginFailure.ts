import { LoginFailed, Misconfigured } from '../base/errors.ts'
import { parseJson } from '../base/json.ts'
import type { WireResult } from '../wire/request.ts'
import { errorOf, registrationProblem } from './oauthErrors.ts'

/** The provider's own word, limited in length, because anybody can write an address (RFC 6749 section 4.1.2.1). */
export const wordOf = (error: string) => (/^[a-z_]{1,60}$/.test(error) ? error : 'invalid_answer')

/** The error for an unusable answer: `Misconfigured` if the answer says what to change at the provider. */
export function failureOf(result: WireResult | undefined): LoginFailed | Misconfigured {
  if (result?.kind !== 'answer') return new LoginFailed(result ? 'provider_unavailable' : 'invalid_answer')
  const body = parseJson(result.text)?.value
  const problem = registrationProblem(body)
  if (problem !== undefined) return new Misconfigured(problem)
  const error = errorOf(body)
  if (typeof error === 'string') return new LoginFailed(wordOf(error))
  const isOwn = result.status < 500 && parseJson(result.text) !== undefined
  return new LoginFailed(isOwn ? 'invalid_answer' : 'provider_unavailable')
}
