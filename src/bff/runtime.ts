import { isBrowser } from '#browser'
import { isDevelopment } from '#development'
import { ACTIVE_MS } from '../base/durations.ts'
import { Misconfigured } from '../base/errors.ts'
import type { Send } from '../session/port.ts'
import type { SessionActorRef } from '../session/session.ts'
import { startSignals } from '../session/startSignals.ts'
import { createBffFetch, isOwn } from './bffFetch.ts'
import { createChart } from './chart.ts'
import { createLogin } from './login.ts'
import { createLoginSteps } from './loginSteps.ts'
import { createLook } from './look.ts'
import type { BffSettings } from './options.ts'
import type { OpenPage, PageSignal } from './page.ts'
import { createRefreshes } from './refreshes.ts'
import { createServerCalls, headersFor, nameOf, type ServerAnswer } from './serverCalls.ts'
import type { BffSession } from './session.ts'
import { withPage } from './withPage.ts'

/** How long the page believes another tab's report of a logout before it asks the server. */
const HEARSAY_MS = 2_000

export type BffRuntime = ReturnType<typeof createBffRuntime>

/** Runs the session of a page, beside its chart. It can be stopped and started again. */
export function createBffRuntime(actorRef: SessionActorRef, settings: BffSettings) {
  const { clock, idleTimeoutMs } = settings
  let open: OpenPage | undefined
  /** The last sign of user activity, on the session's timeline. */
  let seenAt = -Infinity
  let isKnownSilent = false
  let isBegun = false
  let forgetHearsay = () => {}
  let detach = () => {}

  const chart = createChart(actorRef, settings)
  const page = () => open
  const isUserActive = () => chart.now() - seenAt < ACTIVE_MS
  const call = createServerCalls(settings, isUserActive)
  const login = createLogin(chart, settings, page)
  const replaced = (name: string | undefined) => {
    if (login.replaced(name)) void looks.look()
  }
  const shared = { chart, login, call, settings, page, replaced, isUserActive, heed }
  const looks = createLook(shared)
  const refresh = createRefreshes(shared)
  const steps = createLoginSteps({ ...shared, look: looks.look })

  function heed(answer: ServerAnswer) {
    if (answer.facts || answer.word) isKnownSilent = false
    else complain(answer)
  }

  /** Something else, or nothing, answers at the server's address. This must be reported. */
  function complain({ url, status, contentType, body }: ServerAnswer) {
    const isExpected = status === undefined || typeof body?.error === 'string'
    if (isKnownSilent || !chart.isRunning() || (isExpected && !chart.read().isPending)) return
    isKnownSilent = true
    const what = { ...(status !== undefined && { status }), ...(contentType && { contentType }) }
    chart.notify({ type: 'warning', code: 'serverMissing', url, ...what })
    const answered =
      status === undefined ? 'no answer' : `${status || 'a redirect'} (${contentType ?? 'no type'})`
    if (!settings.observe)
      console.warn(
        `xstate-session: ${url} gave ${answered} in place of the facts of a session.${isDevelopment ? ' Is createSessionServer mounted there? The page asks again.' : ''}`,
      )
  }

  /**
   * This page was loaded at an address of the server: a service worker, or a server for pages, has answered in its
   * place.
   */
  function lookAround() {
    const { origin, pathname } = globalThis.location ?? {}
    const url = `${origin}${pathname}`
    if (url.startsWith(settings.root)) complain({ url, status: 200, contentType: 'text/html' })
  }

  async function hear(signal: PageSignal, ended?: string): Promise<void> {
    const at = chart.now()
    chart.send({ type: 'time.checked', at })
    switch (signal) {
      case 'woke':
        return looks.look()
      case 'renewed':
        return login.catchUp() ? undefined : looks.look()
      case 'networkRestored':
        chart.send({ type: 'network.restored', at })
        return looks.hurry()
      case 'loggedOut':
        // The message may be late: the page may show a newer login by now.
        if (login.name() !== undefined && (ended ?? login.name()) === login.name()) login.close('elsewhere')
        forgetHearsay()
        forgetHearsay = clock.setTimer(() => void looks.look(), HEARSAY_MS, 'background')
        return
      default:
        seenAt = signal === 'userActive' ? at : -Infinity
        chart.send({ type: 'user.changed', idle: signal === 'userIdle', at })
    }
  }

  function begin() {
    const { facts } = settings
    if (!isBegun) lookAround()
    // The snapshot is of another user or of another page load.
    if (chart.read().reason === null && !login.isKnown()) chart.startOver()
    if (isBegun || facts === undefined) void looks.look()
    else if (facts) login.adopt(facts)
    else login.ended(undefined)
    isBegun = true
  }

  const session: BffSession = {
    ...steps,
    fetch: createBffFetch(shared),
    async refresh({ by = 'force' } = {}) {
      if (by === 'user') seenAt = chart.now()
      // A session that is not yet known cannot be renewed.
      if (chart.read().isPending) await chart.ready()
      chart.send({ type: 'time.checked', at: chart.now() })
      chart.send({ type: 'refresh.asked', by, at: chart.now() })
      await chart.refreshed()
    },
    look: looks.look,
    url: (path) => addressOf(path, settings, login.name()),
    headers: () => headersFor(login.name(), isUserActive()),
    subscribe: chart.subscribe,
    getSnapshot: chart.read,
    getInitialSnapshot: chart.initial,
    clock: chart.clock,
    actorRef,
    dispose,
  }

  function dispose() {
    detach()
    try {
      actorRef.stop()
    } catch {
      // This would stop the actor of a parent.
      chart.leave()
    }
  }

  return {
    session: isBrowser ? session : withPage(settings, session),
    refresh,
    alarm: chart.alarm,
    send: chart.send,
    /** The actor was started. Returns the function to call when it stops. */
    attach(sendBack: Send): () => void {
      const close = chart.attach(sendBack)
      open = settings.page?.open({ clock, idleTimeoutMs, hear, storageFailed })
      const stopSignals = startSignals(settings, hear)
      detach = () => {
        detach = () => {}
        close()
        open?.close()
        open = undefined
        stopSignals()
        looks.hurry()
        forgetHearsay()
      }
      begin()
      return () => detach()
    },
  }

  function storageFailed() {
    chart.notify({ type: 'warning', code: 'storage' })
  }
}

/** `path`, with the name of the login of the request. */
function addressOf(path: string | URL, { baseUrl, origin }: BffSettings, login: string | undefined): string {
  const url = new URL(path, baseUrl)
  if (!isOwn(url, origin))
    throw new Misconfigured(`session.url is for paths of the page's own origin, not for ${url.href}`)
  url.searchParams.set('session-login', nameOf(login))
  return url.href
}
