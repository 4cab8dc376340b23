import { Misconfigured } from '../base/errors.ts'
import { type AttemptKeeper, type Attempts, MAX_BYTES, MAX_WAY_BACK } from './attempts.ts'
import type { ServerContext } from './context.ts'
import type { CookieSlot } from './cookieSlot.ts'

/** LibreChat keeps a challenge this long. */
const ATTEMPT_MS = 300_000
/** New attempts share the data of a login for this long; the last of them may then take `ATTEMPT_MS`. */
const HANDOUT_MS = 300_000
/** The number of attempts that one browser may have; the oldest is deleted. */
const MAX_ATTEMPTS = 5

interface Shared extends Attempts {
  /** When the data was made; wall clock, milliseconds since the Unix epoch. */
  readonly madeAt: number
}

/**
 * The attempts to log in at a provider that does not return our `state`. A callback cannot be matched to one of them.
 * So all attempts of one browser share the data of their login, and each may be the one that returns. They are sealed
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

  /** The valid attempts of each cookie that has any. If there are several, a sibling domain may have planted one. */
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

  /** Deletes cookies that a sibling domain may have planted. Otherwise nobody could log in beside them. */
  const foreign = (request: Request, all: readonly Attempts[]) =>
    all.length > 1 ? slot.clearForeign(new URL(request.url).pathname) : []

  /** The `Set-Cookie` line that keeps them. If they are too much for a cookie, the oldest are dropped. */
  async function keep(attempts: Shared): Promise<string> {
    const sealed = await keyring.seal(JSON.stringify(attempts), context)
    if (sealed.length <= MAX_BYTES) return slot.set(sealed, ATTEMPT_MS)
    if (attempts.list.length < 2)
      throw new Misconfigured(`The login "${name}" stores more data for an attempt than a cookie can hold.`)
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

    // The backend deletes a code when it is used.
    take: async () => true,

    /** If several were open, nobody knows which of them is left, and where it wants to go. */
    async done({ list, ...rest }) {
      const left = list.slice(1).map(({ until }) => ({ until, returnTo: home }))
      return [left.length > 0 ? await keep({ ...rest, list: left }) : slot.clear()]
    },

    /** The panel's root, because another tab may have wanted to go elsewhere. */
    wayBack({ list }) {
      const ways = new Set(list.map(({ returnTo }) => returnTo))
      const [way = home] = ways
      return ways.size === 1 ? way : home
    },
  }
}
