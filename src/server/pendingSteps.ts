import { RANDOM_ID, randomId } from '../base/randomId.ts'
import type { ServerContext } from './context.ts'
import type { Json } from './serverLogin.ts'

/** LibreChat's temporary token lives this long. */
const PENDING_MS = 300_000
/** How many wrong tries a first step permits, for example of a second factor. */
const MAX_TRIES = 5
/** How many logins of one browser may wait for their next step; the oldest is deleted. */
const MAX_PENDING = 4
const PURPOSE = 'pending login'
const SEPARATOR = '~'
/** The bytes that a cookie can hold besides its name and attributes. */
const MAX_BYTES = 3_800
/** No honest login writes one entry more often at the same time. */
const MAX_WRITES = 20

/** A login that waits for its next step. */
interface Waiting extends Pending {
  /** Its name for the page, because several tabs may wait. */
  readonly attempt: string
  readonly expiresAt: number
  /** How often that step was tried. */
  readonly tries: number
}

/** A waiting step of a login, and the data that the login kept for it. */
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

/** The waiting step of a request. */
export interface PendingStep extends Pending {
  /** Counts a try before it is made. `false`: no try is left, or the login has succeeded. */
  count(): Promise<boolean>
  /** Takes back a try that the backend did not judge. */
  uncount(): Promise<void>
  isOver(): Promise<boolean>
  /** Resolves to whether this is the first use. */
  use(): Promise<boolean>
  /** The `Set-Cookie` line that removes this step and keeps the browser's others. */
  forget(): string
}

/**
 * Keeps the data of a login between two steps: for example the backend's token for a correct password, and the number
 * of second factors that were tried. Both stay in the store. With sealed cookies there is no store: the data is sealed
 * into a cookie, and each process counts for itself.
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

  /** Writes the result of `change`, and tries again if another write came first. `false`: `change` returned nothing. */
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
        // The server remembers it as long as its cookie may arrive. A sealed one would open again otherwise.
        const used = { value: 'used', expiresAt: waiting.expiresAt }
        return (await store.compareAndSet(key, revision, used)) !== null
      }),
    forget() {
      const others = ids.filter((other) => other !== id)
      return others.length > 0 ? slot.set(others.join(SEPARATOR), PENDING_MS) : slot.clear()
    },
  })

  /** The valid entries of each cookie that has any. */
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

  /** Deletes cookies that a sibling domain may have planted. Otherwise nobody could log in beside them. */
  const foreign = (request: Request, lists: readonly unknown[]) =>
    lists.length > 1 ? slot.clearForeign(new URL(request.url).pathname) : []

  return {
    /** Keeps one more, beside the waiting ones of the browser of `request`. */
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
     * The entry that `attempt` names; without a name the newest. `undefined`: there is none, or more than one cookie
     * has entries, and a sibling domain may have planted one.
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

    /** The `Set-Cookie` lines for a browser whose cookie has no valid entry, or that has several such cookies. */
    async stale(request: Request) {
      const lists = await listsOf(request)
      return lists.length > 0 ? foreign(request, lists) : [slot.clear()]
    },
  }
}
