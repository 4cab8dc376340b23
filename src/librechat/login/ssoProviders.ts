import type { Clock } from '../../base/clock.ts'
import { LoginFailed } from '../../base/errors.ts'
import { callBackend } from './backend.ts'
import type { LibrechatLine } from './line.ts'

/** The providers of a backend. */
export interface SsoProviders {
  /**
   * Those that a login page may offer. The backend is asked for OpenID at most once a minute; nothing can be asked about
   * Google. Until it answers, its last answer counts, and at first it counts as having OpenID.
   */
  list(): Promise<readonly string[]>
  /**
   * Asks the backend now, because the browser goes there next, and would show the browser's own error page. The login is
   * refused only if there is no answer, if its status is 500 or more, or if the backend says that it has no OpenID.
   *
   * @throws LoginFailed `backend_unavailable`, `backend_timeout` or `openid_not_configured`
   */
  assertReady(provider: string): Promise<void>
}

/** An answer of the backend is used for this long, because anybody may open a login page. */
const FRESH_MS = 60_000
/** A login page waits this long; the request goes on. */
const PAGE_PATIENCE_MS = 2_000
/** A user who has clicked waits this long. The page waits longer, so it gets the reason. */
const USER_PATIENCE_MS = 8_000

type Found = 'there' | 'missing' | 'away' | 'other'

export function ssoProviders(line: LibrechatLine, hasGoogle: boolean): SsoProviders {
  const { clock } = line
  let hasOpenid = true
  let isKnown = false
  let asked: { readonly at: number; readonly done: Promise<Found>; isOpen: boolean } | undefined

  async function look(): Promise<Found> {
    const result = await callBackend(line, { path: 'api/admin/oauth/openid/check', method: 'GET' })
    if (result.kind !== 'answer' || result.answer.status >= 500) return 'away'
    const { answer, json } = result
    const isThere = answer.status === 200 && json?.message === 'OpenID check successful'
    const isMissing = answer.status === 404 && json?.error_code === 'OPENID_NOT_CONFIGURED'
    if (!isThere && !isMissing) return 'other'
    hasOpenid = isThere
    isKnown = true
    return isThere ? 'there' : 'missing'
  }

  /** Asks again, unless a question is open. */
  function ask(): Promise<Found> {
    if (asked?.isOpen) return asked.done
    const done = look().finally(() => {
      mine.isOpen = false
    })
    const mine = { at: clock.monotonic(), done, isOpen: true }
    asked = mine
    return done
  }

  return {
    async list() {
      const isFresh = asked && clock.monotonic() < asked.at + FRESH_MS
      const done = isFresh && asked ? asked.done : ask()
      // After the first answer, nobody waits for a slow backend.
      if (!isKnown) await orElapsed(done, clock, PAGE_PATIENCE_MS)
      return [...(hasOpenid ? ['openid'] : []), ...(hasGoogle ? ['google'] : [])]
    },
    async assertReady(provider) {
      const found = await orElapsed(ask(), clock, USER_PATIENCE_MS)
      if (found === undefined) throw new LoginFailed('backend_timeout')
      if (found === 'away') throw new LoginFailed('backend_unavailable')
      if (found === 'missing' && provider === 'openid') throw new LoginFailed('openid_not_configured')
    },
  }
}

/** The result of `done`; `undefined` if there is none after `ms`. */
async function orElapsed<T>(done: Promise<T>, clock: Clock, ms: number): Promise<T | undefined> {
  let disarm = () => {}
  const elapsed = new Promise<undefined>((resolve) => {
    disarm = clock.setTimer(() => resolve(undefined), ms, 'foreground')
  })
  return Promise.race([done, elapsed]).finally(disarm)
}
