import { RANDOM_ID, randomId } from '../base/randomId.ts'
import type { ServerContext } from './context.ts'
import type { Json } from './serverLogin.ts'

/** LibreChat's temporary token lives as long. */
const PENDING_MS = 300_000
/** How many wrong tries, of a second factor for instance, one first step is good for. */
const MAX_TRIES = 5
/** How many logins of one browser may wait for their next step; the oldest goes. */
const MAX_PENDING = 4
const PURPOSE = 'pending login'
const SEPARATOR = '~'
/** What a cookie may hold beside its name and attributes. */
const MAX_BYTES = 3_800
/** More writes of one entry at the same time are no honest login. */
const MAX_WRITES = 20

/** A login that waits for its next step. */
interface Waiting extends Pending {
  /** Its name for the page: several tabs may wait. */
  readonly attempt: string
  readonly expiresAt: number
  /** How often that step was tried. */
  readonly tries: number
}

/** What waits: a step of a login, and what the login has kept for it. */
interface Pending {
  /** The name of the login. */
  readonly via: string
  readonly next: string
  readonly keep: Json
}

interface Stored {
  readonly waiting: Waiting
  readonly key: string
  /** `null`: there is no entry yet. */
  readonly revision: number | null
}

/** The one that a request goes on with. */
export interface PendingStep extends Pending {
  /** Counts a try, before it is made; `false`: no try is left, or somebody has got in. */
  count(): Promise<boolean>
  /** Takes back a try that the backend has not judged. */
  uncount(): Promise<void>
  isOver(): Promise<boolean>
  /** Resolves to whether this is the first use. */
  use(): Promise<boolean>
  /** The `Set-Cookie` line that forgets this one and keeps the others of the browser. */
  forget(): string
}

/**
 * What a login has kept after one step, until the next comes: for instance what the backend gave for a correct password, and
 * how many second factors were tried on it. Both stay in the store. With sealed cookies, which have none, what was kept is
 * sealed into a cookie, and each process counts for itself.
 */
export function pendingSteps({ settings, cookies, keyring }: ServerContext) {
  const { store, clock, sealedCookies } = settings
  const slot = cookies.pending

  const read = (id: string) => (sealedCookies ? readSealed(id) : readStored(id))

  async function readStored(id: string): Promise<Stored | undefined> {
    if (!RANDOM_ID.test(id)) return undefined
    for (const key of await keyring.macs(PURPOSE, id)) {
      const entry = await store.read(key)
      const waiting = entry && (await opened(entry.value, `${PURPOSE} ${key}`))
      if (waiting) return { waiting, key, revision: entry.revision }
    }
    return undefined
  }

  async function readSealed(id: string): Promise<Stored | undefined> {
    const carried = await opened(id, PURPOSE)
    if (!carried) return undefined
    const key = await keyOf(carried.attempt)
    const entry = await store.read(key)
    const waiting = entry ? await opened(entry.value, `${PURPOSE} ${key}`) : carried
    return waiting && { waiting, key, revision: entry?.revision ?? null }
  }

  async function opened(sealed: string, context: string): Promise<Waiting | undefined> {
    const unsealed = await keyring.unseal(sealed, context)
    if ('reason' in unsealed) return undefined
    const waiting = JSON.parse(unsealed.plain) as Waiting
    return clock.wall() < waiting.expiresAt ? waiting : undefined
  }

  const keyOf = async (id: string) => (await keyring.macs(PURPOSE, id))[0] ?? ''

  async function write({ waiting, key, revision }: Stored): Promise<boolean> {
    const value = await keyring.seal(JSON.stringify(waiting), `${PURPOSE} ${key}`)
    return (await store.compareAndSet(key, revision, { value, expiresAt: waiting.expiresAt })) !== null
  }

  /** Writes what `change` makes of an entry, again where somebody else was faster; `false`: it made nothing. */
  async function update(id: string, change: (stored: Stored) => Promise<boolean> | undefined) {
    for (let writes = 0; writes < MAX_WRITES; writes++) {
      const stored = await read(id)
      const isDone = stored && change(stored)
      if (!isDone) return false
      if (await isDone) return true
    }
    return false
  }

  const counted = (stored: Stored, by: 1 | -1) =>
    write({ ...stored, waiting: { ...stored.waiting, tries: stored.waiting.tries + by } })

  const pendingOf = (id: string, { via, next, keep }: Waiting, ids: readonly string[]): PendingStep => ({
    via,
    next,
    keep,
    count: () => update(id, (stored) => (stored.waiting.tries < MAX_TRIES ? counted(stored, 1) : undefined)),
    uncount: async () => void (await update(id, (stored) => counted(stored, -1))),
    async isOver() {
      const stored = await read(id)
      return !stored || stored.waiting.tries >= MAX_TRIES
    },
    use: () =>
      update(id, async ({ key, revision, waiting }) => {
        // It is remembered as long as its cookie may come: sealed, it would else open again.
        const used = { value: 'used', expiresAt: waiting.expiresAt }
        return (await store.compareAndSet(key, revision, used)) !== null
      }),
    forget() {
      const others = ids.filter((other) => other !== id)
      return others.length > 0 ? slot.set(others.join(SEPARATOR), PENDING_MS) : slot.clear()
    },
  })

  /** Of each cookie that holds any that lead somewhere: those. */
  async function listsOf(request: Request) {
    const lists: { readonly id: string; readonly waiting: Waiting }[][] = []
    for (const value of slot.values(request)) {
      const list = []
      for (const id of value.split(SEPARATOR, MAX_PENDING)) {
        const stored = await read(id)
        if (stored) list.push({ id, waiting: stored.waiting })
      }
      if (list.length > 0) lists.push(list)
    }
    return lists
  }

  /** What a sibling domain may have planted is cleared; without that nobody could log in beside it. */
  const foreign = (request: Request, lists: readonly unknown[]) =>
    lists.length > 1 ? slot.clearForeign(new URL(request.url).pathname) : []

  return {
    /** Keeps one, beside those that the browser of `request` waits with already. */
    async put(request: Request, pending: Pending) {
      const waiting = { attempt: randomId(), ...pending, expiresAt: clock.wall() + PENDING_MS, tries: 0 }
      const id = sealedCookies ? await keyring.seal(JSON.stringify(waiting), PURPOSE) : randomId()
      if (!sealedCookies && !(await write({ waiting, key: await keyOf(id), revision: null })))
        throw new Error('A new id was taken already.')
      const lists = await listsOf(request)
      const [before = []] = lists.length === 1 ? lists : []
      const ids = [...before.map((one) => one.id), id].slice(-MAX_PENDING)
      while (ids.length > 1 && ids.join(SEPARATOR).length > MAX_BYTES) ids.shift()
      const cookie = slot.set(ids.join(SEPARATOR), PENDING_MS)
      return { attempt: waiting.attempt, cookies: [...foreign(request, lists), cookie] }
    },

    /**
     * The one that `attempt` names; without a name the newest. `undefined`: there is none, or more than one cookie holds
     * any: a sibling domain may have planted one.
     */
    async find(request: Request, attempt: string | undefined): Promise<PendingStep | undefined> {
      const lists = await listsOf(request)
      const [list = []] = lists
      if (lists.length > 1) {
        settings.observe({ type: 'turnedAway', code: 'cookieDuplicate' }, { request })
        return undefined
      }
      const one = list.findLast(({ waiting }) => attempt === undefined || waiting.attempt === attempt)
      const ids = list.map(({ id }) => id)
      return one && pendingOf(one.id, one.waiting, ids)
    },

    /** The `Set-Cookie` lines for a browser whose cookie leads nowhere any more, or of whose several none counts. */
    async stale(request: Request) {
      const lists = await listsOf(request)
      return lists.length > 0 ? foreign(request, lists) : [slot.clear()]
    },
  }
}
