import type { Owner } from './login.ts'
import type { Settings } from './options.ts'
import type { RefreshRequest } from './strategy.ts'
import type { Tokens } from './vault.ts'

/** The identity by which a coordinator joins requests. */
export const identityOf = (owner: Owner, tokens: Tokens) => ({ ...owner, ...tokens, userId: owner.user.id })

/** The input of a strategy for one request. */
export function toRequest(
  { baseUrl, fetch }: Settings,
  owner: Owner,
  tokens: Tokens,
  isUserActive: boolean,
  signal: AbortSignal,
): RefreshRequest & ReturnType<typeof identityOf> {
  return {
    ...identityOf(owner, tokens),
    baseUrl,
    // Pages without TLS have no `randomUUID`, which costs Node a tenth.
    attemptId: crypto.randomUUID?.() ?? crypto.getRandomValues(new Uint32Array(4)).join('-'),
    signal,
    ...(isUserActive && { userActive: true as const }),
    ...(fetch && { fetch }),
  }
}
