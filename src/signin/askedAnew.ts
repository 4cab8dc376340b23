import type { AuthorizationInput } from '../oauth/codeGrant.ts'
import type { AttemptStore } from './attemptStore.ts'

/**
 * What a login asks of the provider: where the user has logged out only here, to sign in anew besides. Else the next user
 * would be in again without a question, and perhaps as somebody else. `undefined`: it was to ask nothing, and may not begin.
 */
export async function askedAnew(
  kept: AttemptStore,
  provider: string,
  input: AuthorizationInput,
): Promise<AuthorizationInput | undefined> {
  const hint = await kept.readHint(provider).catch(() => undefined)
  if (hint !== '') return input
  const { prompt } = input
  if (prompt === 'none') return undefined
  return { ...input, prompt: [...new Set(`login ${prompt ?? ''}`.trim().split(' '))].join(' ') }
}
