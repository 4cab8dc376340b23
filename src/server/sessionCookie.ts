import { Misconfigured } from '../base/errors.ts'
import { lastUsed } from '../base/lastUsed.ts'
import { RANDOM_ID, randomId } from '../base/randomId.ts'
import { CHUNK } from './cookieRecord.ts'
import type { CookieSlot } from './cookieSlot.ts'
import { type Entries, OthersRecord } from './entries.ts'
import type { Keyring } from './keyring.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { readServerRecord, type ServerRecord, serverRecordText } from './serverRecord.ts'
import type { SessionRequest } from './sessionRequest.ts'

/** How a browser's cookie leads to its session. */
export interface SessionCookie {
  /** The name of a new session: the key of its record, and the source of its cookie. */
  create(): Promise<{ readonly key: string; readonly id: string }>
  /**
   * The possible keys of each session that a request may belong to. A cookie that this server did not issue has none.
   */
  candidatesOf(request: SessionRequest): Promise<readonly (readonly string[])[]>
  /** `Set-Cookie` lines of a new session. */
  issue(record: ServerRecord, id: string): Promise<readonly string[]>
  /** The `Set-Cookie` lines for a request's session after the request was served. */
  update(request: SessionRequest): Promise<readonly string[]>
  isPresent(request: SessionRequest): boolean
  clear(): readonly string[]
  /** Deletes cookies that others have planted, and keeps our own. */
  clearForeign(request: SessionRequest): readonly string[]
}

/** The number of ids whose keys are remembered: most processes have no more sessions at work at one time. */
const MOST_KNOWN = 500
const KNOWN_MS = 60_000

/** The path of the request. Without an address it is the path of the panel, which every cookie of its pages reaches. */
const pathOf = ({ url }: SessionRequest, app: string) => new URL(url ?? app).pathname

/**
 * The cookie holds a random id. The record is in the store, under a key from which the id cannot be derived. `app`: the
 * address of its panel.
 */
export function idCookie(
  slot: CookieSlot,
  keyring: Keyring,
  app: string,
  { absoluteLifetimeMs: maxAgeMs, clock }: Pick<ServerSettings, 'absoluteLifetimeMs' | 'clock'>,
): SessionCookie {
  // A cookie of another panel on this host opens nothing, even if the panels share store and secrets.
  const known = lastUsed<Promise<readonly string[]>>(MOST_KNOWN, { now: clock.monotonic, forMs: KNOWN_MS })

  function keysOf(id: string): Promise<readonly string[]> {
    const keys = known.get(id) ?? keyring.macs('session id', `${app} ${id}`)
    known.set(id, keys)
    return keys
  }

  return {
    async create() {
      const id = randomId()
      return { id, key: (await keysOf(id))[0] ?? '' }
    },
    candidatesOf: (request) =>
      Promise.all(
        slot
          .values(request)
          .filter((id) => RANDOM_ID.test(id))
          .map(keysOf),
      ),
    issue: async (_, id) => [slot.set(id, maxAgeMs)],
    update: async () => [],
    isPresent: (request) => slot.values(request).length > 0,
    clear: () => [slot.clear()],
    clearForeign: (request) => slot.clearForeign(pathOf(request, app)),
  }
}

/** The number of parts, the sealed text that they belong to, and the piece that this part holds. */
const PART = /^(\d)\.([\w-]{8})\.(.*)$/s

/**
 * The cookies hold the sealed record itself, in up to `slots` parts. While a session is in use, this process also keeps
 * its newest record, and requests with older copies share it. The store of `entries` needs to remember no longer than
 * that.
 */
export function sealedCookie(
  slots: readonly CookieSlot[],
  keyring: Keyring,
  entries: Entries,
  app: string,
  maxAgeMs: number,
): SessionCookie {
  const context = `session cookie of ${app}`
  /** The cookies of a request's browser, by key. */
  const carried = new WeakMap<SessionRequest, Map<string, string>>()

  /** The sealed texts with all their parts. Parts of two texts never make one. */
  function sealedOf(request: SessionRequest): readonly string[] {
    const texts = new Map<string, { readonly count: number; readonly chunks: string[] }>()
    slots.forEach((slot, i) => {
      for (const value of slot.values(request)) {
        const [, count = '', tag = '', chunk = ''] = PART.exec(value) ?? []
        const name = `${count}.${tag}`
        const text = texts.get(name) ?? { count: Number(count), chunks: [] }
        text.chunks[i] ??= chunk
        texts.set(name, text)
      }
    })
    return [...texts.values()]
      .filter(({ count, chunks }) => count > 0 && Object.keys(chunks).length === count)
      .map(({ chunks }) => chunks.join(''))
  }

  async function lines(record: ServerRecord): Promise<readonly string[]> {
    const sealed = await keyring.seal(cookieText(record), context)
    const count = Math.ceil(sealed.length / CHUNK)
    if (count > slots.length)
      throw new Misconfigured(
        `A session of ${sealed.length} bytes does not fit into ${slots.length} cookies: its tokens are too long. Keep sessions in a store.`,
      )
    const tag = randomId().slice(0, 8)
    return slots.map((slot, i) =>
      i < count
        ? slot.set(`${count}.${tag}.${sealed.slice(i * CHUNK, (i + 1) * CHUNK)}`, maxAgeMs)
        : slot.clear(),
    )
  }

  /** Takes the record of a cookie if it is newer than the one in this process. */
  async function remember(record: ServerRecord): Promise<void> {
    const known = await entries.read(record.key)
    if (!known) await entries.write(record, null)
    else if (isNewer(record, known.record)) await entries.write(record, known.revision)
  }

  return {
    async create() {
      const id = randomId()
      return { id, key: id }
    },
    async candidatesOf(request) {
      const texts = new Map<string, string>()
      carried.set(request, texts)
      for (const sealed of sealedOf(request)) {
        const opened = await keyring.unseal(sealed, context)
        const record = 'plain' in opened ? readCookieText(opened.plain) : undefined
        if (record === 'newer') throw new OthersRecord()
        if (!record) continue
        texts.set(record.key, cookieText(record))
        await remember(record)
      }
      return [...texts.keys()].map((key) => [key])
    },
    issue: lines,
    async update(request) {
      const living: { readonly had: string; readonly record: ServerRecord }[] = []
      for (const [key, had] of carried.get(request) ?? []) {
        const now = await entries.read(key)
        if (now && !('ended' in now.record.session)) living.push({ had, record: now.record })
      }
      const [one] = living
      // If several cookies open nothing, none is the session of the request.
      if (!one || living.length > 1) return []
      return cookieText(one.record) === one.had ? [] : lines(one.record)
    },
    isPresent: (request) => slots.some((slot) => slot.values(request).length > 0),
    clear: () => slots.map((slot) => slot.clear()),
    clearForeign: (request) => slots.flatMap((slot) => slot.clearForeign(pathOf(request, app))),
  }
}

/** The record here may be older, because another process has refreshed. An end is never undone. */
function isNewer(carried: ServerRecord, known: ServerRecord): boolean {
  return !('ended' in known.session) && carried.session.version > known.session.version
}

/** A cookie names its record, and a store is asked for it by that name. */
const cookieText = (record: ServerRecord) => record.key + serverRecordText(record)

function readCookieText(plain: string) {
  const at = plain.indexOf('{')
  return at < 0 ? undefined : readServerRecord(plain.slice(at), plain.slice(0, at))
}
