import { AsyncLocalStorage } from 'node:async_hooks'
import { placeHere } from './placeHere.ts'
import type { Stage } from './stage.ts'

/** The rows of the one object store that the vault has. */
export type Rows = Map<string, unknown>

interface FakeRequest {
  result: unknown
  onsuccess?: () => void
}

/**
 * As much of a browser as tabs need to share a session: IndexedDB, Web Locks and channels, whose every step the explorer
 * chooses, and a WebCrypto that hides nothing. In place of the globals until the next one is made.
 */
export function createBrowser(
  stage: Stage,
  onChange: (by: string, before: Rows, after: Rows) => void,
  onRead: (by: string) => void,
) {
  let rows: Rows = new Map()
  /** What each tab has read last, and for what: its next write is made of that. */
  const seen = new Map<string, Rows>()
  /** While tabs open, what they do is done at once. */
  let isOpening = true
  const queue: { readonly by: string; readonly grant: () => void }[] = []
  let holder: string | undefined
  const channels = new Set<FakeChannel>()

  /** One transaction: its requests are made in one go, and answered in one go. */
  function transaction(isWrite: boolean) {
    const by = stage.current()
    const errand = stage.errandNow()
    const goesOn = placeHere()
    const requests: { readonly row: string; readonly request: FakeRequest }[] = []
    const found: { oncomplete?: () => void } & Record<string, unknown> = {
      objectStore: () => ({
        get(row: string) {
          const request: FakeRequest = { result: undefined }
          requests.push({ row, request })
          return request
        },
        put: (value: unknown, row: string) => void next.set(row, value),
        delete: (row: string) => void next.delete(row),
      }),
    }
    let next: Rows = rows
    const reader = `${by} ${errand}`
    const run = async () => {
      seen.set(reader, rows)
      next = new Map(rows)
      for (const { row, request } of requests) request.result = rows.get(row)
      for (const { request } of requests) request.onsuccess?.()
      const before = rows
      rows = next
      if (isWrite && [...keysOf(before, next)].some((row) => before.get(row) !== next.get(row)))
        onChange(by, before, next)
      // Who logs in looks for the epoch alone.
      if (requests.some(({ row }) => row === 'session') && !errand.startsWith('login')) onRead(by)
    }
    queueMicrotask(() => {
      const what = `${isWrite ? 'write' : 'read'} ${requests.map(({ row }) => row)}`
      const done =
        isOpening || requests[0]?.row === 'key'
          ? run()
          : stage.ask(
              by,
              what,
              run,
              () => requests.map(({ row }) => seen.get(reader)?.get(row) === rows.get(row)),
              goesOn,
            )
      void done.then(() => found.oncomplete?.())
    })
    return found
  }

  class FakeChannel {
    onmessage: ((event: { data: unknown }) => void) | null = null
    readonly by = stage.current()
    constructor() {
      channels.add(this)
    }
    postMessage(data: { readonly hint: string }) {
      for (const channel of channels)
        if (channel !== this)
          stage.ports.open(channel.by, `hint ${data.hint}`, () => ({
            heard: () => stage.errand('hint', () => channel.onmessage?.({ data })),
          }))
    }
    close() {
      channels.delete(this)
    }
  }

  const locks = {
    request(_: string, { signal }: { signal: AbortSignal }, task: () => Promise<unknown>) {
      const by = stage.current()
      // Whoever lets go of it before is not on the errand of who gets it.
      const onErrand = AsyncLocalStorage.snapshot()
      return new Promise<void>((resolve, reject) => {
        const place = {
          by,
          grant() {
            queue.splice(queue.indexOf(place), 1)
            holder = by
            onErrand(task).finally(() => {
              if (holder === by) holder = undefined
              resolve()
            })
          },
        }
        queue.push(place)
        const op = stage.ports.open(
          by,
          'lock',
          (): Record<string, () => void> =>
            holder === undefined && queue[0] === place ? { granted: place.grant } : {},
          { isStore: true },
        )
        signal.addEventListener('abort', () => {
          if (!queue.includes(place)) return
          queue.splice(queue.indexOf(place), 1)
          stage.ports.close(op)
          reject(signal.reason)
        })
      })
    },
  }

  const bytes = async (data: Uint8Array<ArrayBuffer>) => data
  const subtle = {
    importKey: async () => ({}),
    generateKey: async () => Object.create(CryptoKey.prototype) as CryptoKey,
    sign: (_: string, __: CryptoKey, data: Uint8Array<ArrayBuffer>) => bytes(data),
    encrypt: (_: object, __: CryptoKey, data: Uint8Array<ArrayBuffer>) => bytes(data),
    decrypt: (_: object, __: CryptoKey, data: Uint8Array<ArrayBuffer>) => bytes(data),
  }
  const indexedDB = {
    open() {
      const request: FakeRequest = {
        result: { transaction: (_: string, mode?: string) => transaction(mode === 'readwrite') },
      }
      queueMicrotask(() => request.onsuccess?.())
      return request
    },
  }
  const style = { setProperty() {}, removeProperty() {} }
  const page = Object.assign(new EventTarget(), {
    visibilityState: 'visible',
    documentElement: { style },
    querySelectorAll: () => [],
  })
  Object.assign(page, { document: page })
  const globals = {
    indexedDB,
    BroadcastChannel: FakeChannel,
    window: page,
    document: page,
    navigator: { locks, onLine: true },
  }
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  Object.defineProperty(globalThis.crypto, 'subtle', { value: subtle, configurable: true })

  return {
    rows: () => rows,
    opened() {
      isOpening = false
    },
    opening() {
      isOpening = true
    },
    /** A tab is gone, and with it its place in every queue. */
    drop(by: string) {
      for (const place of [...queue]) if (place.by === by) queue.splice(queue.indexOf(place), 1)
      if (holder === by) holder = undefined
      for (const channel of channels) if (channel.by === by) channels.delete(channel)
    },
    print: () => [
      ['holder', holder],
      ['queue', queue.map(({ by }) => by)],
    ],
  }
}

const keysOf = (...all: Rows[]) => new Set(all.flatMap((each) => [...each.keys()]))
