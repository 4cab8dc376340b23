import { backoffOf, mayRest, type SessionState } from '../../machines/session.select.ts'
import type { Backoff } from '../../machines/session.types.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import { readOptions } from '../session/options.ts'
import { startSession } from '../session/ports.ts'
import type { Runtime } from '../session/runtime.ts'
import { backoffAt } from '../session/storedBackoff.ts'
import type { SessionStore } from '../stores/store.ts'
import { type Entries, nameOf, type Opened } from './entries.ts'
import { pacedNotices, unsentNotices } from './pacedNotices.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { backedOff, givenUp } from './recordChanges.ts'
import { repeatedNotices } from './repeatedNotices.ts'
import { baseUrlOf, type RunningLogins } from './runLogins.ts'
import type { RunningLogin } from './serverLogin.ts'

interface AwakeSession {
  readonly handle: Runtime
  /** The session has read its record. */
  readonly ready: Promise<void>
  users: number
  /** A renewal that is not stored yet. */
  isOwed: boolean
  /** Running writes of its end or of its backoff. */
  endings: number
  /** The last attempt that the record knows, by its time on the session's timeline. */
  noted?: number | undefined
}

const ENDED = ['expired', 'loggedOut']

/**
 * Wakes sessions while they refresh. A session at rest is only its record. All requests of one session share one
 * running chart.
 */
export function createAwakeSessions(
  settings: ServerSettings,
  entries: Entries,
  logins: RunningLogins,
  coordinator: Coordinator,
) {
  const awake = new Map<string, AwakeSession>()
  /** The options of a login's sessions. */
  const optionsOf = new Map(
    logins.all.map(([name, login]) => [name, sessionOptions(settings, login, coordinator)]),
  )
  let onChange = () => {}
  const isRepeated = repeatedNotices(settings.clock)
  const paced = pacedNotices(settings.clock, (notice) => settings.observe(notice))

  function wake(via: string, key: string, known: Opened | undefined): AwakeSession {
    if (known) entries.hold(key, known)
    const isUnsent = unsentNotices()
    const handle = startSession({
      ...(optionsOf.get(via) as ReturnType<typeof sessionOptions>),
      store: owing(key, entries.sessionStore(key, known)),
      ...recordedAs(nameOf(key), settings),
      observe(notice) {
        if (isUnsent(notice)) return paced()
        if (isRepeated(key, notice)) return
        settings.observe({ ...notice, session: nameOf(key) }, whoseOf(via, handle))
      },
    })
    const { session } = handle
    const ready = new Promise<void>((resolve) => {
      if (!session.getSnapshot().isPending) resolve()
      let isFound = false
      session.subscribe((state) => {
        if (!state.isPending) {
          // Its record says how it was found. Only if a clock was set back, a new record is needed.
          if (!isFound && isOfPast(known, settings.clock.wall()))
            live.noted = backoffOf(session.actorRef.getSnapshot())?.triedAt
          isFound = true
          resolve()
        }
        if (state.state === 'expired') void giveUp(key, live, state)
        rest(key)
        onChange()
      })
    })
    const live: AwakeSession = { handle, ready, users: 0, isOwed: false, endings: 0 }
    awake.set(key, live)
    return live
  }

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
   * Writes down when the next attempt is due. Until then the session rests, whoever asks. If the write fails, the next
   * request makes an attempt.
   */
  async function noteBackoff(key: string, live: AwakeSession, backoff: Backoff): Promise<void> {
    const { session } = live.handle
    const { epoch, version } = session.getSnapshot()
    const stored = backoffAt(backoff, session.clock.now(), settings.clock.wall())
    await ending(key, live, entries.update(key, backedOff({ epoch, version }, stored))).catch(() => {})
  }

  /** Keeps a session awake while its end is written. Its old record would wake it as if it were alive. */
  function ending<T>(key: string, live: AwakeSession, write: Promise<T>): Promise<T> {
    live.endings++
    return write.finally(() => {
      live.endings--
      rest(key)
      onChange()
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
        const live = awake.get(key)
        if (!live) return store.compareAndSet(expected, next)
        if ('ended' in next) return ending(key, live, store.compareAndSet(expected, next))
        live.isOwed = true
        const isDone = await store.compareAndSet(expected, next)
        live.isOwed = false
        rest(key)
        onChange()
        return isDone
      },
    }
  }

  const owes = ({ handle, isOwed, endings }: AwakeSession) =>
    endings > 0 || (isOwed && !ENDED.includes(handle.session.getSnapshot().state))

  function rest(key: string) {
    const live = awake.get(key)
    if (!live || live.users > 0 || owes(live)) return
    const snapshot = live.handle.session.actorRef.getSnapshot()
    if (!mayRest(snapshot)) return
    const backoff = backoffOf(snapshot)
    if (backoff && live.noted !== backoff.triedAt) {
      live.noted = backoff.triedAt
      return void noteBackoff(key, live, backoff)
    }
    awake.delete(key)
    entries.release(key)
    live.handle.session.dispose()
  }

  return {
    /** Runs `task` with the session awake. `known` is its record as the caller has just read it. */
    async use<T>(key: string, known: Opened, task: (handle: Runtime) => Promise<T>): Promise<T> {
      const live = awake.get(key) ?? wake(known.record.via[0], key, known)
      live.users++
      try {
        await live.ready
        return await task(live.handle)
      } finally {
        live.users--
        rest(key)
      }
    },
    /** Its record has changed. If the session is awake, it reads the record again. */
    look(key: string) {
      awake.get(key)?.handle.reread()
    },
    /** The bearer source of a session, if the session is awake. */
    sourceOf: (key: string) => awake.get(key)?.handle.source,
    /** How many sessions are awake. */
    count: () => awake.size,
    /** Resolves when no refresh is running and every renewal is stored. */
    landed(): Promise<void> {
      const isFlying = () =>
        [...awake.values()].some(
          (live) => owes(live) || live.handle.session.getSnapshot().state === 'refreshing',
        )
      return new Promise((resolve) => {
        onChange = () => {
          if (!isFlying()) resolve()
        }
        onChange()
      })
    },
  }
}

/** The session of an audit entry. */
function whoseOf(via: string, { session }: Runtime) {
  const { user } = session.getSnapshot()
  return user ? { via, userId: user.id } : { via }
}

/**
 * Records a session under its name. If the server observes its notices, the recorder gets them with the server's own.
 */
const recordedAs = (name: string, { recorder }: ServerSettings) =>
  recorder && {
    recorder: {
      attach: (actorRef: object) => recorder.attach(actorRef, name),
      note() {},
      trace: () => undefined,
    },
  }

/** Whether a record's backoff was written in the past, as it must be. */
const isOfPast = (known: Opened | undefined, wall: number) =>
  known !== undefined &&
  !('ended' in known.record.session) &&
  (known.record.session.backoff?.triedAt ?? 0) <= wall

/** The options of all sessions of one login. */
const sessionOptions = (settings: ServerSettings, login: RunningLogin, coordinator: Coordinator) =>
  readOptions({
    baseUrl: baseUrlOf(login),
    strategies: login.strategies,
    refresh: 'onDemand',
    leadTimeMs: settings.leadTimeMs,
    patienceMs: settings.patienceMs,
    attemptTimeoutMs: settings.attemptTimeoutMs,
    lifetimeMs: settings.lifetimeMs,
    absoluteLifetimeMs: settings.absoluteLifetimeMs,
    coordinator,
    clock: settings.clock,
    random: settings.random,
    ...(settings.wireFetch && { fetch: settings.wireFetch }),
    ...(settings.user && { user: settings.user }),
  })

export type AwakeSessions = ReturnType<typeof createAwakeSessions>
