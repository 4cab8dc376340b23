import { withoutBlanks } from '../base/blanks.ts'
import { Misconfigured } from '../base/errors.ts'
import { ATTEMPT_MS, type Attempt, type AttemptKeeper, type Attempts, MAX_BYTES } from './attempts.ts'
import type { ServerContext } from './context.ts'
import type { CookieSlot } from './cookieSlot.ts'

/**
 * The number of attempts that one browser may have, and their size together. The oldest are deleted first. A server
 * accepts no longer headers.
 */
const MAX_ATTEMPTS = 12
const MAX_ALL_BYTES = 6_000
/** The bytes around the sealed text of a cookie: its name. */
const NAME_BYTES = 60
/** The server drops a longer `returnTo`; the login goes on without it. */
const MAX_WAY_BACK = 500
/** The part of a `state` that names its cookie. */
const ID_LENGTH = 10
const STATE = /^[\w-]{16,256}$/
const PURPOSE = 'login attempt'

interface Bound extends Attempts {
  readonly state: string
  /** When the attempt began; wall clock, milliseconds since the Unix epoch. */
  readonly beganAt: number
  readonly list: readonly [Attempt]
}

/**
 * The attempts to log in at a provider that returns our `state` (RFC 6749 section 4.1.1). Each attempt has its own
 * cookie, so windows that begin at the same time do not disturb each other. Each attempt accepts one callback.
 */
export function boundAttempts(
  name: string,
  slotOf: (id: string) => CookieSlot,
  { settings, keyring }: Pick<ServerContext, 'settings' | 'keyring'>,
): AttemptKeeper<Bound> {
  const { clock, store, publicUrl } = settings
  const home = publicUrl.pathname
  const context = `login ${name}`
  const slotFor = (state: string) => slotOf(state.slice(0, ID_LENGTH))

  async function opened(sealed: string): Promise<Bound | undefined> {
    const text = await keyring.unseal(sealed, context)
    if ('reason' in text) return undefined
    const attempt = JSON.parse(text.plain) as Bound
    return clock.wall() < attempt.list[0].until ? attempt : undefined
  }

  /** The attempts of a request, the oldest first, and the cookie slots of attempts that are over. */
  async function all(request: Request) {
    const attempts: { readonly attempt: Bound; readonly bytes: number }[] = []
    const stale: CookieSlot[] = []
    for (const id of idsIn(request, slotOf)) {
      const slot = slotOf(id)
      let isOpen = false
      for (const sealed of slot.values(request)) {
        const attempt = await opened(sealed)
        if (!attempt) continue
        isOpen = true
        attempts.push({ attempt, bytes: sealed.length + NAME_BYTES })
      }
      if (!isOpen) stale.push(slot)
    }
    return { attempts: attempts.sort((a, b) => a.attempt.beganAt - b.attempt.beganAt), stale }
  }

  return {
    async begin(request, attempt, begin) {
      const beganAt = clock.wall()
      const { location, state = '', keep } = await begin()
      if (!STATE.test(state))
        throw new Misconfigured(`The login "${name}" must name each attempt with a \`state\` of its own.`)
      const { attempts, stale } = await all(request)
      const isLong = attempt.returnTo.length > MAX_WAY_BACK
      const until = beganAt + ATTEMPT_MS
      const kept: Bound = {
        state,
        beganAt,
        keep,
        list: [{ ...attempt, returnTo: isLong ? home : attempt.returnTo, until }],
      }
      const sealed = await keyring.seal(JSON.stringify(kept), context)
      if (sealed.length > MAX_BYTES)
        throw new Misconfigured(`The login "${name}" stores more data for an attempt than a cookie can hold.`)
      let from = Math.max(0, attempts.length - MAX_ATTEMPTS + 1)
      const bytesFrom = () => attempts.slice(from).reduce((sum, { bytes }) => sum + bytes, 0)
      while (from < attempts.length && bytesFrom() + sealed.length + NAME_BYTES > MAX_ALL_BYTES) from++
      return {
        location,
        cookies: [
          ...stale.map((slot) => slot.clear()),
          ...attempts.slice(0, from).map(({ attempt: { state } }) => slotFor(state).clear()),
          slotFor(state).set(sealed, ATTEMPT_MS),
        ],
      }
    },

    async read(request) {
      const state = stateOf(request)
      if (!state || !STATE.test(state)) return { attempts: undefined, foreign: [] }
      for (const sealed of slotFor(state).values(request)) {
        const attempt = await opened(sealed)
        // A cookie that a sibling domain planted for this `state` opens too: see security.md.
        if (attempt?.state === state) return { attempts: attempt, foreign: [] }
      }
      return { attempts: undefined, foreign: [] }
    },

    /** One use for all processes, by the store: a provider revokes its grant if a code is used twice. */
    async take({ state, list: [{ until }] }) {
      const [key = ''] = await keyring.macs(PURPOSE, state)
      return (await store.compareAndSet(key, null, { value: 'used', expiresAt: until })) !== null
    },

    done: async ({ state }) => [slotFor(state).clear()],
    wayBack: ({ list: [{ returnTo }] }) => returnTo,
  }
}

/** The `state` of a callback; `undefined`: it has none or several. */
function stateOf({ url }: Request): string | undefined {
  const states = new URL(url).searchParams.getAll('state')
  return states.length === 1 ? states[0] : undefined
}

/** The part after the common name of the attempts' cookies. */
function idsIn({ headers }: Request, slotOf: (id: string) => CookieSlot): readonly string[] {
  const [prefix = ''] = slotOf('').clear().split('=', 1)
  const names = (headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => withoutBlanks(pair.split('=', 1)[0] ?? ''))
  const ids = names.flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : []))
  return [...new Set(ids)].filter((id) => /^[\w-]+$/.test(id)).slice(0, 4 * MAX_ATTEMPTS)
}
