import type { ResendPolicy } from '../../machines/session.types.ts'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { backendLogout } from '../../src/librechat/backendLogout.ts'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import { createSession } from '../../src/session/createSession.ts'
import type { SessionSignal } from '../../src/session/notice.ts'
import type { Session } from '../../src/session/session.ts'
import type { SessionStrategy } from '../../src/session/strategy.ts'
import type { SessionStore } from '../../src/stores/store.ts'
import { toStored } from '../proof/judge/toStored.ts'
import { createPlace, type Place } from '../proof/world/place.ts'
import type { Random } from '../proof/world/random.ts'
import { BASE_URL, type Backend, type Route } from './backend.ts'
import type { Court } from './court.ts'
import type { Family } from './provider.ts'
import type { RecordStore } from './recordStore.ts'
import type { Time } from './time.ts'
import type { Caller } from './wire.ts'
import type { SeatRules } from './worldOf.ts'

export interface PageSetup extends SeatRules {
  readonly route: Route
  readonly offsetMs: number
}

export interface PagesOptions {
  readonly time: Time
  readonly court: Court
  readonly backend: Backend
  readonly seat: number
  readonly setup: PageSetup
  readonly random: Random
  /** Of the coordinator. */
  readonly pace: Random
  readonly store: RecordStore | undefined
  readonly fetchOf: (caller: Caller) => typeof globalThis.fetch
}

interface Tab {
  readonly caller: Caller
  readonly session: Session
  report: (signal: SessionSignal) => void
  /** The last sign of the user, and the one before this instant's. */
  seenAt: number
  seenBefore: number
  /** By epoch: whose login it is, made here or read. */
  readonly epochs: Map<number, Family>
}

const MINUTE = 60_000
/** A backend that does not answer is waited for no longer. */
const GIVE_UP_MS = 60_000
const HOUR = 60 * MINUTE
/** After a logout; before its user can log in again. */
const STRAGGLE_MS = 50

/** One user with a browser: one page or several, which run `createSession`, and a working day. */
export function createPages(options: PagesOptions) {
  const { time, court, backend, seat, setup, random, pace, store, fetchOf } = options
  const lostFamilies = new WeakSet<Family>()
  let places = 0
  let place!: Place
  let tabs: Tab[] = []
  let shiftEndsAt = 0
  let liveSince: number | undefined
  let liveMs = 0
  let isOver = false

  const strategy = strategyOf(setup.route, setup.resend)

  function live(isLive: boolean): void {
    if (isLive) liveSince ??= time.now()
    else if (liveSince !== undefined) {
      liveMs += time.now() - liveSince
      liveSince = undefined
    }
  }

  /** The browser starts, or a process does. */
  function open(): void {
    places += 1
    // Its machine's clock goes on while it is dead, and jumps.
    const offsetMs = places === 1 ? setup.offsetMs : place.offset()
    place = createPlace({
      timeline: time.timeline,
      name: `seat ${seat}.${places}`,
      offsetMs,
      onBadDelay: (ms) => court.violate('I28', seat, `a timer of ${ms} ms`),
    })
    const coordinator =
      setup.copies > 1 || setup.isStored
        ? inProcessCoordinator({ clock: place.clock, random: pace.next, hash: (text) => text })
        : undefined
    tabs = Array.from({ length: setup.copies }, (_, tab) => openTab({ seat, place, tab }, coordinator))
  }

  function openTab(caller: Caller, coordinator: ReturnType<typeof inProcessCoordinator> | undefined): Tab {
    const tab: Tab = {
      caller,
      session: undefined as never,
      report: () => {},
      seenAt: time.now(),
      seenBefore: time.now(),
      epochs: new Map(),
    }
    const { place: home } = caller
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { [setup.route]: strategy },
      refresh: setup.policy,
      leadTimeMs: setup.leadTimeMs,
      patienceMs: setup.patienceMs,
      idleTimeoutMs: setup.idleTimeoutMs,
      absoluteLifetimeMs: setup.absoluteLifetimeMs,
      clock: home.clock,
      random: random.next,
      fetch: fetchOf(caller),
      ...(coordinator && { coordinator }),
      ...(store && { store: watched(tab, store.of(caller)) }),
      signals(report) {
        tab.report = report
        return () => {
          tab.report = () => {}
        }
      },
      observe(notice) {
        if (!home.isAlive() || isOver) return
        const family = tab.epochs.get(notice.epoch)
        const more =
          'reason' in notice ? ` (${notice.reason})` : 'cause' in notice ? ` (${notice.cause})` : ''
        court.trace.note(seat, `tab ${caller.tab} ${notice.epoch}.${notice.version} ${notice.type}${more}`)
        court.notice(caller, notice)
        if (notice.type === 'expired' && family && !lostFamilies.has(family)) {
          lostFamilies.add(family)
          court.expired(seat, family, notice.reason, tab.seenAt < time.now() ? tab.seenAt : tab.seenBefore)
        }
        if (notice.type === 'expired' || notice.type === 'loggedOut') live(tabs.some(isLive))
      },
      onListenerError: (error) => court.violate('I18', seat, `a listener failed: ${error}`),
    })
    let state = session.actorRef.getSnapshot().value
    session.actorRef.subscribe({
      next(snapshot) {
        if (snapshot.value === state || isOver) return
        const { value: to, context } = snapshot
        court.moved(caller, state, to, context.reason, context.user?.id)
        state = to
      },
      error: () => court.failed(caller),
    })
    Object.assign(tab, { session })
    return tab
  }

  const isLive = ({ session }: Tab) => session.getSnapshot().reason === null

  /** Learns whose login a tab has read. */
  const watched = (tab: Tab, own: SessionStore): SessionStore => ({
    ...own,
    async read() {
      const stored = await own.read()
      court.looked(tab.caller, toStored(stored))
      if (!stored || 'ended' in stored || tab.epochs.has(stored.epoch)) return stored
      const family = court.grantOf(stored.refreshToken)
      if (family) tab.epochs.set(stored.epoch, family)
      return stored
    },
  })

  const familyOf = ({ session, epochs }: Tab) => epochs.get(session.getSnapshot().epoch)

  function seen(tab: Tab): void {
    if (tab.seenAt < time.now()) tab.seenBefore = tab.seenAt
    tab.seenAt = time.now()
  }

  /** Tells the other pages, which may have learned of it or not. */
  function hint(from: Tab, signal: SessionSignal): void {
    for (const tab of tabs)
      if (tab !== from && random.next() < 0.9) place.after(random.between(1, 20), () => tab.report(signal))
  }

  function login(tab: Tab): void {
    const { family, answer } = backend.login(seat, `user ${seat}.${random.between(1, 2)}`)
    court.login(tab.caller, family, answer.refreshToken)
    court.trace.note(seat, `tab ${tab.caller.tab} logs in: grant ${family.id}`)
    const home = place
    const known = () => {
      if (!home.isAlive()) return
      const { epoch } = tab.session.getSnapshot()
      tab.epochs.set(epoch, family)
      court.loggedIn(tab.caller, family)
      seen(tab)
      live(true)
      hint(tab, 'woke')
    }
    tab.session.login(answer, { provider: setup.route, sessionId: `s${seat}` }).then(known, () => {})
  }

  function logout(tab: Tab): void {
    const family = familyOf(tab)
    court.trace.note(seat, `tab ${tab.caller.tab} logs out of grant ${family?.id}`)
    if (family) family.isLeaving = true
    void tab.session.logout()
    // What the same click has begun leaves at the same instant.
    time.at(time.now(), () => court.logout(tab.caller, family))
    hint(tab, 'loggedOut')
    // What the page had still to ask for comes too late.
    place.after(STRAGGLE_MS, () => ask(tab))
  }

  function ask(tab: Tab): void {
    const family = familyOf(tab)
    const start = court.call(tab.caller, 'getToken', family)
    tab.session.getToken().then(
      (token) => tab.caller.place.isAlive() && court.settled(start, 'a bearer', court.bearer(token)),
      (error) => tab.caller.place.isAlive() && court.settled(start, `${error.code}`),
    )
  }

  function send(tab: Tab): void {
    const call = court.call(tab.caller, 'fetch', familyOf(tab))
    const { caller, session } = tab
    const giveUp = new AbortController()
    const disarm = caller.place.clock.setTimer(() => giveUp.abort(), GIVE_UP_MS, 'foreground')
    const done = (result: string) => {
      disarm()
      if (caller.place.isAlive()) court.settled(call, result)
    }
    session
      .fetch(`/api/admin/users?call=${call.id}`, { method: 'POST', body: call.id, signal: giveUp.signal })
      .then(
        (answer) => done(String(answer.status)),
        (error) => done(`${error.code ?? 'failed'}`),
      )
  }

  function force(tab: Tab, by: 'user' | 'force'): void {
    if (by === 'user') seen(tab)
    const call = court.call(tab.caller, 'refresh', familyOf(tab))
    tab.session.refresh({ by }).then(
      () => tab.caller.place.isAlive() && court.settled(call, 'done'),
      (error) => tab.caller.place.isAlive() && court.settled(call, `${error.code}`),
    )
  }

  function signal(tab: Tab, what: SessionSignal): void {
    if (what === 'userActive') seen(tab)
    tab.report(what)
  }

  /** What the user does next, and when. */
  function act(): void {
    const tab = tabs[random.between(0, tabs.length - 1)] as Tab
    const roll = random.next()
    const count = random.between(1, 3)
    const nextMs = Math.round(-Math.log(1 - random.next()) * HOUR)
    const awayMs = random.between(20 * MINUTE, 12 * HOUR)
    const shiftMs = random.between(30 * MINUTE, 5 * HOUR)
    if (isOver) return
    if (time.now() >= shiftEndsAt) {
      for (const each of tabs) place.deliver(() => signal(each, 'userIdle'))
      shiftEndsAt = time.now() + awayMs + shiftMs
      time.at(time.now() + awayMs, () => {
        for (const each of tabs) place.deliver(() => signal(each, 'userActive'))
        act()
      })
      return
    }
    place.deliver(() => {
      signal(tab, 'userActive')
      const { isPending } = tab.session.getSnapshot()
      if (!isLive(tab) && !isPending) login(tab)
      else if (roll < 0.5) for (let i = 0; i < count; i++) send(tab)
      else if (roll < 0.9) for (let i = 0; i < count; i++) ask(tab)
      else if (roll < 0.93) force(tab, roll < 0.915 ? 'user' : 'force')
      else if (roll < 0.95) signal(tab, 'networkRestored')
      else if (roll < 0.97) signal(tab, 'woke')
      else if (roll < 0.98) login(tab)
      else if (roll < 0.985) logout(tab)
      else if (roll < 0.99) {
        // Who leaves while a refresh is in the air.
        force(tab, 'force')
        place.after(random.between(1, 100), () => logout(tab))
      } else for (const each of tabs) ask(each)
    })
    time.at(time.now() + nextMs, act)
  }

  return {
    start(): void {
      open()
      shiftEndsAt = time.now() + random.between(30 * MINUTE, 5 * HOUR)
      time.at(time.now() + random.between(0, 10 * MINUTE), act)
    },
    place: () => place,
    /** Everything in its memory is gone; it is there again after `ms`. */
    crash(ms: number): void {
      if (!place.isAlive()) return
      court.trace.note(seat, `its process dies, for ${ms} ms`)
      court.trouble(seat, 'crash')
      place.kill()
      court.died(place)
      live(false)
      tabs = tabs.map((tab) => ({ ...tab, report: () => {} }))
      time.at(time.now() + ms, open)
    },
    dispose(): void {
      live(false)
      isOver = true
      for (const tab of tabs) tab.session.dispose()
    },
    liveMs: () => liveMs,
    /** A page has written the record: the others are told. */
    onWritten: ({ tab, place: from }: Caller) => {
      const own = tabs[tab]
      if (own && from === place) hint(own, 'woke')
    },
    families: () => tabs.map(familyOf).filter((family) => family !== undefined),
  }
}

function strategyOf(route: Route, resend: ResendPolicy): SessionStrategy {
  if (route === 'openid') return openidStrategy({ resend, backendLogout })
  if (route === 'cookie') return cookieStrategy({ resend })
  const server = {
    issuer: 'https://chat.example',
    token_endpoint: `${BASE_URL}token`,
    revocation_endpoint: `${BASE_URL}revoke`,
  }
  return oauthStrategy({ server, clientId: 'admin', resend })
}

export type Pages = ReturnType<typeof createPages>
