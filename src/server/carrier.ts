import { Misconfigured } from '../session/errors.ts'
import type { CookieSlot } from './context.ts'
import type { Entries } from './entries.ts'
import type { Keyring } from './keyring.ts'
import { randomId } from './randomId.ts'
import { readServerRecord, type ServerRecord } from './serverRecord.ts'

/** How a browser's cookie leads to its session. */
export interface Carrier {
  /** A name for a new session: the key of its record, and what its cookie is made of. */
  create(): Promise<{ readonly key: string; readonly id: string }>
  /** The keys under which the session of a request may be found. Whatever was not given out here has none. */
  keysOf(request: Request): Promise<readonly string[]>
  /** `Set-Cookie` lines of a new session. */
  give(record: ServerRecord, id: string): Promise<readonly string[]>
  /** Those that a request's session needs after it was served. */
  update(request: Request): Promise<readonly string[]>
  isPresent(request: Request): boolean
  clear(): readonly string[]
}

const ID = /^[\w-]{43}$/

/** The cookie holds a random id; the record is in the store, under a name that the id cannot be told from. */
export function idCarrier(slot: CookieSlot, keyring: Keyring, maxAgeMs: number): Carrier {
  return {
    async create() {
      const id = randomId()
      return { id, key: (await keyring.macs('session id', id))[0] ?? '' }
    },
    async keysOf(request) {
      const id = slot.read(request)
      // Nothing is looked up for what cannot be an id.
      return id !== undefined && ID.test(id) ? keyring.macs('session id', id) : []
    },
    give: async (_, id) => [slot.set(id, maxAgeMs)],
    update: async () => [],
    isPresent: (request) => slot.read(request) !== undefined,
    clear: () => [slot.clear()],
  }
}

const CONTEXT = 'session cookie'
/** What is left of a cookie's 4 096 bytes for its value. */
const CHUNK = 3_600

/**
 * The cookies hold the sealed record itself, in as many parts as `slots`. While a session is in use its newest
 * record is also in this process, so that requests which carry older copies share it; the store given to `entries`
 * needs to remember no longer than that.
 */
export function sealedCarrier(
  slots: readonly CookieSlot[],
  keyring: Keyring,
  entries: Entries,
  maxAgeMs: number,
): Carrier {
  /** What the browser of a request had. */
  const carried = new WeakMap<Request, { readonly key: string; readonly text: string }>()

  function sealedOf(request: Request): string {
    const parts = slots.map((slot) => slot.read(request) ?? '')
    // A count goes first: a part that is missing is noticed.
    const [, count = '', rest = ''] = /^(\d)\.(.*)$/s.exec(parts.join('')) ?? []
    return parts.filter((part) => part !== '').length === Number(count) ? rest : ''
  }

  async function lines(record: ServerRecord): Promise<readonly string[]> {
    const sealed = await keyring.seal(JSON.stringify(record), CONTEXT)
    const count = Math.ceil((sealed.length + 2) / CHUNK)
    if (count > slots.length)
      throw new Misconfigured(
        `A session of ${sealed.length} bytes does not fit into ${slots.length} cookies: its tokens are too long. Keep sessions in a store.`,
      )
    const text = `${count}.${sealed}`
    return slots.map((slot, i) =>
      i < count ? slot.set(text.slice(i * CHUNK, (i + 1) * CHUNK), maxAgeMs) : slot.clear(),
    )
  }

  return {
    async create() {
      const id = randomId()
      return { id, key: id }
    },
    async keysOf(request) {
      const sealed = sealedOf(request)
      const opened = sealed ? await keyring.unseal(sealed, CONTEXT) : { reason: 'format' as const }
      const record = 'plain' in opened ? readServerRecord(opened.plain) : undefined
      if (!record || record === 'newer') return []
      carried.set(request, { key: record.key, text: JSON.stringify(record) })
      const known = await entries.read(record.key)
      if (!known) await entries.write(record, null)
      else if (isNewer(record, known.record)) await entries.write(record, known.revision)
      return [record.key]
    },
    give: lines,
    async update(request) {
      const had = carried.get(request)
      const now = had && (await entries.read(had.key))
      if (!had || !now || 'ended' in now.record.session) return []
      return JSON.stringify(now.record) === had.text ? [] : lines(now.record)
    },
    isPresent: (request) => slots.some((slot) => slot.read(request) !== undefined),
    clear: () => slots.map((slot) => slot.clear()),
  }
}

/** What is here may be older: another process has refreshed. An end is never undone. */
function isNewer(carried: ServerRecord, known: ServerRecord): boolean {
  return !('ended' in known.session) && carried.session.version > known.session.version
}
