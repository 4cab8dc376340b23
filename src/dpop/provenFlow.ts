import { LoginFailed } from '../base/errors.ts'
import type { CodeFlow } from '../oauth/codeGrant.ts'
import type { Keys } from './keys.ts'
import type { Finding } from './provenLine.ts'
import type { ProveLine } from './provenRenewals.ts'
import type { ProofKey } from './prover.ts'

/** Logins with a proof. The code is bound to the key if the browser stores one; the tokens are always bound. */
export const provenFlow = (flow: CodeFlow, keys: Keys, proven: ProveLine): CodeFlow => ({
  ...flow,

  async begin(input, line, mark) {
    const key = await keys.make(false)
    if (!key) return flow.begin(input, line, mark)
    const { id: keyId } = key
    const parameters = { ...input.parameters, dpop_jkt: keyId }
    const { location, attempt } = await flow.begin({ ...input, parameters }, proven(line, key, {}), mark)
    return { location, attempt: { ...attempt, keyId } }
  },

  async finish(attempt, parameters, line, refused) {
    const key = await keyOf(keys, attempt.keyId)
    const found: Finding = {}
    try {
      const grant = await flow.finish(attempt, parameters, proven(line, key, found), refused)
      return { ...grant, keyId: key.id }
    } catch (error) {
      const { problem, unbound } = found
      if (!unbound) throw problem ?? error
      refused(unbound, undefined)
      throw new LoginFailed('not_bound')
    }
  },
})

/** The key to which the code of a login is bound. A login that began without one gets one. */
async function keyOf(keys: Keys, id: string | undefined): Promise<ProofKey> {
  const key = await (id === undefined ? keys.make(true) : keys.find(id)).catch((error) => {
    throw error instanceof LoginFailed ? error : new LoginFailed('key_unavailable')
  })
  if (!key) throw new LoginFailed('key_lost')
  return key
}
