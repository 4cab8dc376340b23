import type { Clock } from '../base/clock.ts'
import { insist } from '../base/insist.ts'
import { hintOf } from './hintOf.ts'

/** A connected `Client` of `pg`. */
interface PgConnection {
  query(text: string): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  end(): Promise<unknown>
}

/** The `sql` of `postgres`: it listens on its own connection, and reconnects by itself. */
interface PostgresJsListener {
  listen(
    channel: string,
    onNotify: (payload: string) => void,
    onListen: () => void,
  ): PromiseLike<{ unlisten(): Promise<unknown> }>
}

/** A function that returns a new connected `Client` of `pg` each time; or the `sql` of `postgres` (Postgres.js). */
export type PostgresListener = (() => Promise<PgConnection>) | PostgresJsListener

/** Receives the hints of other processes. It connects for the first watcher. */
export function postgresHints(listener: PostgresListener, channel: string, clock: Clock) {
  const watching = new Map<string, Set<() => void>>()
  let isClosed = false
  let isRetrying = false
  let connection: Promise<unknown> | undefined
  let stop = () => {}

  function onHint(hint: string) {
    for (const onChange of [...(watching.get(hint) ?? [])]) onChange()
  }

  /** Hints without a listener are lost. */
  function onListening() {
    for (const hint of [...watching.keys()]) onHint(hint)
  }

  function lost() {
    connection = undefined
    if (isClosed || isRetrying || watching.size === 0) return
    isRetrying = true
    stop = insist(clock, async () => {
      if (watching.size > 0) await connected()
      isRetrying = false
    })
  }

  function connected(): Promise<unknown> {
    connection ??= listening().catch((error) => {
      connection = undefined
      throw error
    })
    return connection
  }

  async function listening(): Promise<void> {
    if ('listen' in listener) {
      const { unlisten } = await listener.listen(channel, onHint, onListening)
      stop = () => void unlisten().catch(() => {})
    } else {
      const own = await listener()
      let isLost = false
      const onLoss = () => {
        if (isLost) return
        isLost = true
        own.end().catch(() => {})
        lost()
      }
      own.on('error', onLoss)
      own.on('end', onLoss)
      own.on('notification', ({ payload = '' }: { readonly payload?: string }) => onHint(payload))
      stop = () => {
        isLost = true
        own.end().catch(() => {})
      }
      await own.query(`LISTEN "${channel}"`)
      onListening()
    }
    if (isClosed) stop()
  }

  return {
    watch(key: string, onChange: () => void): () => void {
      let isOver = false
      let unwatch = () => {}
      void hintOf(key).then((hint) => {
        if (isOver) return
        const watchers = watching.get(hint) ?? new Set()
        watching.set(hint, watchers)
        const each = () => onChange()
        watchers.add(each)
        unwatch = () => {
          watchers.delete(each)
          if (watchers.size === 0) watching.delete(hint)
        }
        if (!isClosed) connected().catch(lost)
      })
      return () => {
        isOver = true
        unwatch()
      }
    },
    close() {
      isClosed = true
      stop()
    },
  }
}
