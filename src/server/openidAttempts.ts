import type { ServerContext } from './context.ts'
import { randomId } from './randomId.ts'

/** As long as LibreChat keeps a challenge. */
const ATTEMPT_MS = 300_000
/** As long a verifier is handed out to new attempts; the last of them may then take `ATTEMPT_MS`. */
const HANDOUT_MS = 300_000
/** How many attempts of one browser are kept; the oldest goes. */
const MAX_ATTEMPTS = 5
/** A longer way back is dropped: the login goes on without. */
const MAX_WAY_BACK = 2_000
/** What a cookie may hold beside its name and attributes. */
const MAX_BYTES = 3_800
const CONTEXT = 'openid login'

/** Which session of the browser an attempt may replace: one of the same user, or whoever comes. */
export type Purpose = 'stepUp' | 'switchUser'

/** One login that somebody has begun. */
export interface Attempt {
  readonly returnTo: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly until: number
  /** The login that was there when the attempt began, and what it may do to it. */
  readonly replaces?: { readonly login: string; readonly purpose: Purpose }
}

/**
 * The attempts of one browser. LibreChat gives none of our `state` back, so nobody can tell to which of them a callback
 * belongs, and it burns the code at a wrong verifier: so they share one. Each may be the one that comes back.
 */
export interface Attempts {
  readonly verifier: string
  /** When the verifier was made; wall clock, milliseconds since the Unix epoch. */
  readonly madeAt: number
  readonly list: readonly Attempt[]
}

/** The attempts to log in through the identity provider, sealed in a cookie of the browser. */
export function openidAttempts({ settings, cookies, keyring }: ServerContext, home: string) {
  const { clock } = settings
  const slot = cookies.openid

  /** Of each cookie that holds any: those. Several: a sibling domain may have planted one. */
  async function opened(request: Request): Promise<readonly Attempts[]> {
    const found: Attempts[] = []
    for (const sealed of slot.values(request)) {
      const opened = await keyring.unseal(sealed, CONTEXT)
      if ('reason' in opened) continue
      const { list, ...rest } = JSON.parse(opened.plain) as Attempts
      const open = list.filter(({ until }) => clock.wall() < until)
      if (open.length > 0) found.push({ ...rest, list: open })
    }
    if (found.length > 1) settings.observe({ type: 'turnedAway', code: 'cookieDuplicate' })
    return found
  }

  /** What a sibling domain may have planted is cleared; without that nobody could log in beside it. */
  const foreign = (request: Request, found: readonly Attempts[]) =>
    found.length > 1 ? slot.clearForeign(new URL(request.url).pathname) : []

  /** The `Set-Cookie` line that keeps them. What is too much for a cookie is dropped, the oldest first. */
  async function keep(attempts: Attempts): Promise<string> {
    const sealed = await keyring.seal(JSON.stringify(attempts), CONTEXT)
    if (sealed.length <= MAX_BYTES) return slot.set(sealed, ATTEMPT_MS)
    return keep({ ...attempts, list: attempts.list.slice(1) })
  }

  return {
    /** Those of a browser, if they are in one cookie; and the `Set-Cookie` lines for one that holds several. */
    async read(request: Request) {
      const found = await opened(request)
      return { attempts: found.length === 1 ? found[0] : undefined, foreign: foreign(request, found) }
    },

    /** Begins one more. Answers the verifier, and the `Set-Cookie` lines that keep it. */
    async begin(request: Request, attempt: Omit<Attempt, 'until'>) {
      const now = clock.wall()
      const found = await opened(request)
      const before = found.length === 1 ? found[0] : undefined
      const shared = before && now < before.madeAt + HANDOUT_MS ? before : undefined
      const { verifier, madeAt, list } = shared ?? { verifier: randomId(), madeAt: now, list: [] }
      const returnTo = attempt.returnTo.length > MAX_WAY_BACK ? home : attempt.returnTo
      const more = [...list, { ...attempt, returnTo, until: now + ATTEMPT_MS }].slice(-MAX_ATTEMPTS)
      const cookie = await keep({ verifier, madeAt, list: more })
      return { verifier, cookies: [...foreign(request, found), cookie] }
    },

    /**
     * The `Set-Cookie` line after one of them has come back. Where several were open, nobody knows which of them is left,
     * nor where it wants to go.
     */
    async done({ list, ...rest }: Attempts): Promise<string> {
      const left = list.slice(1).map(({ until }) => ({ until, returnTo: home }))
      return left.length > 0 ? keep({ ...rest, list: left }) : slot.clear()
    },

    /** Where the one that came back leads; home, where it may be another tab that wanted to go there. */
    wayBack({ list }: Attempts): string {
      const ways = new Set(list.map(({ returnTo }) => returnTo))
      const [way = home] = ways
      return ways.size === 1 ? way : home
    },
  }
}
