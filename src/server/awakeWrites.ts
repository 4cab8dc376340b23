import type { SessionState } from '../../machines/session.select.ts'
import type { Backoff } from '../../machines/session.types.ts'
import type { Runtime } from '../session/runtime.ts'
import { backoffAt } from '../session/storedBackoff.ts'
import type { SessionStore } from '../stores/store.ts'
import type { AwakeSession } from './awakeSession.ts'
import type { Entries } from './entries.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { backedOff, givenUp } from './recordChanges.ts'

interface Surroundings {
  readonly settings: ServerSettings
  readonly entries: Entries
  liveOf(key: string): AwakeSession | undefined
  /** A write is done: the session may rest now. */
  written(key: string): void
}

/** What awake sessions write into their records. Each session stays awake until its write is done. */
export function createAwakeWrites({ settings, entries, liveOf, written }: Surroundings) {
  /**
   * If nobody may send the token any more, the record says so. Otherwise each process, and each restart, would wait for
   * it again. A newer version of a peer replaces this.
   */
  async function giveUp(
    key: string,
    live: AwakeSession,
    { epoch, version, reason }: SessionState,
  ): Promise<void> {
    if (reason !== 'refreshRejected' && reason !== 'refreshOutcomeUnknown') return
    // If the write fails, the next session finds this out by itself.
    await ending(
      key,
      live,
      entries.update(key, givenUp({ epoch, version }, reason, settings.clock.wall())),
    ).catch(() => {})
  }

  /**
   * Writes down when the next attempt is due, or that no backoff holds any more. Until then the session rests, whoever asks.
   * If the write fails, the next request makes an attempt.
   */
  async function noteBackoff(
    key: string,
    live: AwakeSession,
    { session }: Runtime,
    backoff: Backoff | undefined,
  ): Promise<void> {
    const { epoch, version } = session.getSnapshot()
    const stored = backoff && backoffAt(backoff, session.clock.now(), settings.clock.wall())
    await ending(key, live, entries.update(key, backedOff({ epoch, version }, stored))).catch(() => {})
  }

  /** Keeps a session awake while its end is written. Its old record would wake it as if it were alive. */
  function ending<T>(key: string, live: AwakeSession, write: Promise<T>): Promise<T> {
    live.endings++
    return write.finally(() => {
      live.endings--
      written(key)
    })
  }

  /**
   * A renewal that could not be written exists only in memory. Its session repeats the write until the store answers,
   * and stays awake until then. At rest its only valid refresh token would be lost.
   */
  function owing(key: string, store: SessionStore): SessionStore {
    return {
      ...store,
      async compareAndSet(expected, next) {
        const live = liveOf(key)
        if (!live) return store.compareAndSet(expected, next)
        if ('ended' in next) return ending(key, live, store.compareAndSet(expected, next))
        live.isOwed = true
        const isDone = await store.compareAndSet(expected, next)
        live.isOwed = false
        written(key)
        return isDone
      },
    }
  }

  return { giveUp, noteBackoff, owing }
}
