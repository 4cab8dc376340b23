import { Misconfigured } from '../base/errors.ts'
import { type AttemptKeeper, type Attempts, MAX_BYTES, MAX_WAY_BACK } from './attempts.ts'
import type { ServerContext } from './context.ts'
import type { CookieSlot } from './cookieSlot.ts'

/** As long as LibreChat keeps a challenge. */
const ATTEMPT_MS = 300_000
/** As long what a login has kept is handed out to new attempts; the last of them may then take `ATTEMPT_MS`. */
const HANDOUT_MS = 300_000
/** How many attempts of one browser are kept; the oldest goes. */
const MAX_ATTEMPTS = 5

interface Shared extends Attempts {
  /** When what is kept was made; wall clock, milliseconds since the Unix epoch. */
  readonly madeAt: number
}

/**
 * The attempts to log in at a provider that gives none of our `state` back: nobody can tell to which of them a callback
 * belongs, so that all of one browser share what their login keeps, and each may be the one that comes back. They are sealed
 * in one cookie.
 */
export function sharedAttempts(
  name: string,
  slot: CookieSlot,
  { settings, keyring }: Pick<ServerContext, 'settings' | 'keyring'>,
): AttemptKeeper<Shared> {
  const { clock } = settings
  const home = settings.publicUrl.pathname
  const context = `login ${name}`

  /** Of each cookie that holds any: those. Several: a sibling domain may have planted one. */
  async function opened(request: Request): Promise<readonly Shared[]> {
    const all: Shared[] = []
    for (const sealed of slot.values(request)) {
      const text = await keyring.unseal(sealed, context)
      if ('reason' in text) continue
      const { list, ...rest } = JSON.parse(text.plain) as Shared
      const open = list.filter(({ until }) => clock.wall() < until)
      if (open.length > 0) all.push({ ...rest, list: open })
    }
    if (all.length > 1) settings.observe({ type: 'turnedAway', code: 'cookieDuplicate' }, { request })
    return all
  }

  /** What a sibling domain may have planted is cleared; without that nobody could log in beside it. */
  const foreign = (request: Request, all: readonly Attempts[]) =>
    all.length > 1 ? slot.clearForeign(new URL(request.url).pathname) : []

  /** The `Set-Cookie` line that keeps them. What is too much for a cookie is dropped, the oldest first. */
  async function keep(attempts: Shared): Promise<string> {
    const sealed = await keyring.seal(JSON.stringify(attempts), context)
    if (sealed.length <= MAX_BYTES) return slot.set(sealed, ATTEMPT_MS)
    if (attempts.list.length < 2)
      throw new Misconfigured(`The login "${name}" keeps more of an attempt than a cookie holds.`)
    return keep({ ...attempts, list: attempts.list.slice(1) })
  }

  return {
    async read(request) {
      const all = await opened(request)
      return { attempts: all.length === 1 ? all[0] : undefined, foreign: foreign(request, all) }
    },

    async begin(request, attempt, begin) {
      const now = clock.wall()
      const all = await opened(request)
      const before = all.length === 1 ? all[0] : undefined
      const shared = before && now < before.madeAt + HANDOUT_MS ? before : undefined
      const { location, keep: kept } = await begin(shared?.keep)
      const returnTo = attempt.returnTo.length > MAX_WAY_BACK ? home : attempt.returnTo
      const list = [...(shared?.list ?? []), { ...attempt, returnTo, until: now + ATTEMPT_MS }]
      const madeAt = shared?.madeAt ?? now
      const cookie = await keep({ keep: kept, madeAt, list: list.slice(-MAX_ATTEMPTS) })
      return { location, cookies: [...foreign(request, all), cookie] }
    },

    // The backend deletes a code when it is shown one.
    take: async () => true,

    /** Where several were open, nobody knows which of them is left, nor where it wants to go. */
    async done({ list, ...rest }) {
      const left = list.slice(1).map(({ until }) => ({ until, returnTo: home }))
      return [left.length > 0 ? await keep({ ...rest, list: left }) : slot.clear()]
    },

    /** Home, where it may be another tab that wanted to go there. */
    wayBack({ list }) {
      const ways = new Set(list.map(({ returnTo }) => returnTo))
      const [way = home] = ways
      return ways.size === 1 ? way : home
    },
  }
}
