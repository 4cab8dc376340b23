import { backoffOf, mayRest } from '../../machines/session.select.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import type { Settings } from '../session/options.ts'
import { startSession } from '../session/ports.ts'
import { type Renewed, renewAtRest } from '../session/renewAtRest.ts'
import type { Runtime } from '../session/runtime.ts'
import { awakeNotices } from './awakeNotices.ts'
import {
  type AwakeSession,
  backoffKeyOf,
  isOfPast,
  isUnnoted,
  isUnsettled,
  owes,
  whoseOf,
} from './awakeSession.ts'
import { createAwakeWrites } from './awakeWrites.ts'
import { type Entries, nameOf, type Opened } from './entries.ts'
import type { ServerSettings } from './readServerOptions.ts'
import { recordedAs } from './recordedAs.ts'
import type { RunningLogins } from './runLogins.ts'
import { sessionOptions } from './sessionOptions.ts'

/** Hears of each chart that starts. `isResumed`: the chart goes on with an attempt. */
export type OnChart = (key: string, handle: Runtime, isResumed: boolean) => void

/**
 * Wakes sessions while they refresh. A session at rest is only its record. All requests of one session share one
 * attempt, and one chart if a chart is needed.
 */
export function createAwakeSessions(
  settings: ServerSettings,
  entries: Entries,
  logins: RunningLogins,
  coordinator: Coordinator,
  onChart?: OnChart,
) {
  const awake = new Map<string, AwakeSession>()
  /** The options of a login's sessions. */
  const optionsOf = new Map(
    logins.all.map(([name, login]) => [name, sessionOptions(settings, login, coordinator)]),
  )
  const noticesOf = awakeNotices(settings)
  const liveOf = (key: string) => awake.get(key)
  const { giveUp, noteBackoff, owing } = createAwakeWrites({ settings, entries, liveOf, written: changed })
  let onChange = () => {}

  function wake(key: string, known: Opened): AwakeSession {
    entries.hold(key, known)
    const live: AwakeSession = {
      settings: {
        ...(optionsOf.get(known.record.via[0]) as Settings),
        store: owing(key, entries.sessionStore(key, undefined)),
        ...recordedAs(nameOf(key), settings),
        observe: noticesOf(key, () => whoseOf(live)),
      },
      known,
      first: known,
      users: 0,
      isOwed: false,
      endings: 0,
    }
    awake.set(key, live)
    return live
  }

  /** Begins an attempt without a chart, where one is due and nothing else is known of the session. */
  function renew(key: string, live: AwakeSession): void {
    const { session, intent } = live.known.record
    // A recorder records charts.
    if (settings.recorder || intent || 'ended' in session) return
    live.renewal = renewAtRest({
      settings: live.settings,
      record: session,
      notify: (notice) => queueMicrotask(() => live.settings.observe?.(notice)),
      isOwed: () => live.isOwed,
      wake: () => chartOf(key, live),
    })
    if (live.renewal) live.first = undefined
    live.renewal?.landed.then((renewed) => {
      // With a bearer it has nothing that a chart could go on with.
      if (renewed) live.renewal = undefined
    })
  }

  /** The chart of a session. One that begins later than an attempt goes on with that. */
  function chartOf(key: string, live: AwakeSession): Runtime {
    if (live.handle) return live.handle
    const resumed = live.renewal?.resume()
    live.renewal = undefined
    const store = owing(key, entries.sessionStore(key, live.first))
    const handle = startSession({ ...live.settings, store }, resumed)
    live.handle = handle
    onChart?.(key, handle, resumed !== undefined)
    const { session } = handle
    live.ready = new Promise<void>((resolve) => {
      if (!session.getSnapshot().isPending) resolve()
      let isFound = resumed !== undefined
      session.subscribe((state) => {
        if (!state.isPending) {
          // Its record says how it was found. Only if a clock was set back, a new record is needed.
          if (!isFound && isOfPast(live.known, settings.clock.wall()))
            live.noted = backoffKeyOf(session.actorRef.getSnapshot())
          isFound = true
          resolve()
        }
        if (state.state === 'expired') void giveUp(key, live, state)
        changed(key)
      })
    })
    return handle
  }

  function rest(key: string) {
    const live = awake.get(key)
    if (!live || live.users > 0 || live.renewal || owes(live)) return
    const { handle } = live
    const snapshot = handle?.session.actorRef.getSnapshot()
    if (snapshot && !mayRest(snapshot)) return
    if (handle && snapshot && isUnnoted(live, snapshot)) {
      live.noted = backoffKeyOf(snapshot)
      return void noteBackoff(key, live, handle, backoffOf(snapshot))
    }
    awake.delete(key)
    entries.release(key)
    handle?.session.dispose()
  }

  function changed(key: string) {
    rest(key)
    onChange()
  }

  /** What `task` comes to; the session stays awake meanwhile. */
  async function using<T>(key: string, live: AwakeSession, task: () => Promise<T>): Promise<T> {
    live.users++
    try {
      return await task()
    } finally {
      live.users--
      changed(key)
    }
  }

  return {
    /** Runs `task` with the session awake. `known` is its record as the caller has just read it. */
    use<T>(key: string, known: Opened, task: (handle: Runtime) => Promise<T>): Promise<T> {
      const live = liveOf(key) ?? wake(key, known)
      return using(key, live, async () => {
        const handle = chartOf(key, live)
        await live.ready
        return task(handle)
      })
    },
    /**
     * A bearer, after a refresh if one is due; `known` as for `use`. `isHurried`: a user asks, so no backoff applies. An
     * attempt that was refused a moment ago counts as the user's. An attempt that brings a bearer needs no chart.
     */
    bearerOf(key: string, known: Opened, isHurried: boolean): Promise<Renewed> {
      const isAtRest = !awake.has(key)
      const live = liveOf(key) ?? wake(key, known)
      return using(key, live, async () => {
        if (isAtRest) renew(key, live)
        const { renewal } = live
        const renewed = await renewal?.landed
        if (renewed) return renewed
        const chart = chartOf(key, live)
        await live.ready
        if (isHurried && !renewal && chart.session.getSnapshot().state === 'retrying')
          await chart.session.refresh({ by: 'user' }).catch(() => {})
        const bearer = await chart.acquire(renewal?.until)
        return { bearer, position: chart.supply.position() }
      })
    },
    /** Its record has changed. If the session is awake, it reads the record again. */
    look(key: string) {
      const live = liveOf(key)
      if (live) chartOf(key, live).reread()
    },
    /** The bearers of a session, if the session has a chart. */
    supplyOf: (key: string) => liveOf(key)?.handle?.supply,
    /** How many sessions are awake. */
    count: () => awake.size,
    /** Resolves when no refresh is running and every renewal is stored. */
    landed(): Promise<void> {
      return new Promise((resolve) => {
        onChange = () => {
          if (![...awake.values()].some(isUnsettled)) resolve()
        }
        onChange()
      })
    },
  }
}

export type AwakeSessions = ReturnType<typeof createAwakeSessions>
