import type { Clock } from '../../base/clock.ts'
import { callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'

/** So long an answer of the backend holds: anybody may ask a login page. */
const FRESH_MS = 60_000
/** So long a login page waits for it; the question goes on. */
const PATIENCE_MS = 2_000

/**
 * Which providers the backend has: it is asked for OpenID, at most once in a minute, and there is no such question for
 * Google. As long as it has not answered, it has what it had before, and at first it has OpenID.
 */
export function ssoProviders(line: LibrechatLine, hasGoogle: boolean): () => Promise<readonly string[]> {
  const { clock } = line
  let hasOpenid = true
  let isKnown = false
  let asked: { readonly at: number; readonly done: Promise<void> } | undefined

  async function ask(): Promise<void> {
    const result = await callBackend(line, { path: 'api/admin/oauth/openid/check', method: 'GET' })
    if (result.kind !== 'answer') return
    const { answer, json } = result
    const isThere = answer.status === 200 && json?.message === 'OpenID check successful'
    const isMissing = answer.status === 404 && json?.error_code === 'OPENID_NOT_CONFIGURED'
    if (!isThere && !isMissing) return
    hasOpenid = isThere
    isKnown = true
  }

  return async () => {
    const now = clock.monotonic()
    if (!asked || now >= asked.at + FRESH_MS) asked = { at: now, done: ask() }
    // Once it has answered, nobody waits for a backend that is slow.
    if (!isKnown) await orElapsed(asked.done, clock)
    return [...(hasOpenid ? ['openid'] : []), ...(hasGoogle ? ['google'] : [])]
  }
}

/** Resolves when `done` does, or the patience is over. */
async function orElapsed(done: Promise<void>, clock: Clock): Promise<void> {
  let disarm = () => {}
  const elapsed = new Promise<void>((resolve) => {
    disarm = clock.setTimer(resolve, PATIENCE_MS, 'foreground')
  })
  await Promise.race([done, elapsed]).finally(disarm)
}
