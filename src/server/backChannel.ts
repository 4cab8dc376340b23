import { failure, json } from './answers.ts'
import type { Endpoint } from './context.ts'

/** When a provider may send the logout again. */
const RETRY_AFTER = { 'retry-after': '30' }

/** `POST backchannel-logout`: OpenID Connect Back-Channel Logout 1.0, of the provider of any login. */
export const backChannel: Endpoint = async ({ settings, sessions, logins }, request) => {
  const judges = logins.all.filter(([, { backChannel }]) => backChannel)
  if (judges.length === 0) return failure(404, 'not_found')
  let accepted = 0
  let isDone = true
  let isUnjudged = false
  for (const [via, login] of judges) {
    // The body is in memory, so each login may read it.
    const verified = await login.backChannel?.(request.clone())
    if (!verified?.ok) {
      if (!verified?.isUnavailable) continue
      isUnjudged = true
      settings.observe({ type: 'providerLogoutFailed', via, cause: 'keys' })
      continue
    }
    const { sub, sid, issuedAt, forget } = verified
    // A login whose grants bring no `sid` finds nothing by a `sid` alone.
    if (sub === undefined && !(sid !== undefined && login.bringsSid)) continue
    accepted++
    const logout = { ...(sub !== undefined && { sub }), ...(sid !== undefined && { sid }), issuedAt }
    if (await sessions.endAtProvider(via, logout).catch(() => false)) continue
    isDone = false
    settings.observe({ type: 'providerLogoutFailed', via, cause: 'store' })
    forget?.()
  }
  if (accepted > 0 && isDone) return json(200, {})
  // Section 2.8: a failed logout is a 400 too.
  if (accepted > 0) return failure(400, 'unavailable')
  // The token could not be checked, so the provider sends it again.
  if (isUnjudged) return failure(503, 'unavailable', {}, [], RETRY_AFTER)
  settings.observe({ type: 'turnedAway', code: 'backChannelLogout' }, { request })
  return failure(400, 'invalid_request')
}
