import type { AuthorizationInput } from '../oauth/codeGrant.ts'
import type { AttemptStore } from './attemptStore.ts'

/**
 * The parameters of a login. If the user has logged out only here, the provider must also ask the user to sign in
 * again. Otherwise the next user would be logged in without a question, perhaps as somebody else. `undefined`: the
 * login must ask nothing, so it may not begin.
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
