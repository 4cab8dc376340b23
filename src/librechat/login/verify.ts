import type { UserDocument } from '../../../machines/session.types.ts'
import { parseJson } from '../../base/json.ts'
import { documentOf } from '../../base/readUser.ts'
import type { Verified } from '../../server/serverLogin.ts'
import { isWhole } from '../../wire/outcome.ts'
import { readAnswer } from '../../wire/readAnswer.ts'

/**
 * Asks the backend whether a session is still valid. Only a plain refusal ends it, because a gateway's page may have
 * the status of a success.
 */
export async function verify(
  fetch: typeof globalThis.fetch,
  { id }: UserDocument,
  signal: AbortSignal,
): Promise<Verified> {
  const { status, headers, text, fault } = await readAnswer(
    await fetch('api/admin/verify', { signal }),
    signal,
  )
  if (fault) return 'unavailable'
  const { user } = objectOf(parseJson(text)?.value)
  if (isWhole(status) && typeof user === 'object' && user !== null) {
    const told = documentOf(user)?.id ?? id
    return told === id ? 'ok' : 'foreign'
  }
  if (status === 403 && isPlainRefusal(headers, text)) return 'revoked'
  return status === 401 || status === 403 ? 'refused' : 'unavailable'
}

/**
 * LibreChat answers `{ message: 'Forbidden' }` to a user who is no admin. A ban, strict tenancy and 2FA have other
 * words. The gateway of AWS uses the same words, but adds a header that LibreChat does not send.
 */
function isPlainRefusal(headers: Headers, body: string): boolean {
  if (headers.has('x-amzn-errortype')) return false
  const { message, code, error } = objectOf(parseJson(body)?.value)
  return message === 'Forbidden' && code === undefined && error === undefined
}

const objectOf = (value: unknown) => (value ?? {}) as Record<string, unknown>
