import type { Clock } from '../../base/clock.ts'
import { callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'

/** An answer of the backend is used for this long, because anybody may open a login page. */
const FRESH_MS = 60_000
/** A login page waits this long; the request goes on. */
const PATIENCE_MS = 2_000

/**
 * The providers of the backend. It is asked for OpenID at most once a minute; nothing can be asked about Google. Until
 * it answers, its last answer counts, and at first it counts as having OpenID.
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
    // After the first answer, nobody waits for a slow backend.
    if (!isKnown) await orElapsed(asked.done, clock)
    return [...(hasOpenid ? ['openid'] : []), ...(hasGoogle ? ['google'] : [])]
  }
}

/** Resolves when `done` does, or after the patience. */
async function orElapsed(done: Promise<void>, clock: Clock): Promise<void> {
  let disarm = () => {}
  const elapsed = new Promise<void>((resolve) => {
    disarm = clock.setTimer(resolve, PATIENCE_MS, 'foreground')
  })
  await Promise.race([done, elapsed]).finally(disarm)
}
