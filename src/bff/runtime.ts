import { isBrowser } from '#browser'
import { Misconfigured } from '../base/errors.ts'
import type { Send } from '../session/port.ts'
import type { SessionActorRef } from '../session/session.ts'
import { createBffFetch, isOwn } from './bffFetch.ts'
import { createChart } from './chart.ts'
import { createLogin } from './login.ts'
import { createLoginSteps } from './loginSteps.ts'
import { createLook } from './look.ts'
import type { BffSettings } from './options.ts'
import { noPage, type OpenPage, type PageSignal } from './page.ts'
import { createRefreshes } from './refreshes.ts'
import {
  createServerCalls,
  type Finding,
  findingOf,
  headersFor,
  nameOf,
  type ServerAnswer,
} from './serverCalls.ts'
import type { BffSession } from './session.ts'
import { withPage } from './withPage.ts'

/** How long after a sign of the user the user counts as at work. */
const ACTIVE_MS = 60_000
/** How long the word of another tab that the user has logged out is believed before the server is asked. */
const HEARSAY_MS = 2_000

export type BffRuntime = ReturnType<typeof createBffRuntime>

/** What runs the session of a page, beside its chart. It can be stopped, and started anew. */
export function createBffRuntime(actorRef: SessionActorRef, settings: BffSettings) {
  const { clock, idleTimeoutMs } = settings
  let open: OpenPage = noPage
  /** The last sign of the user, on the session's timeline. */
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
    if (login.end(name)) void looks.look()
  }
  const shared = { chart, login, call, settings, page, replaced, isUserActive, read: readAnswer }
  const looks = createLook(shared)
  const refresh = createRefreshes(shared)
  const steps = createLoginSteps({ ...shared, look: looks.look })

  function readAnswer(answer: ServerAnswer): Finding | undefined {
    const finding = findingOf(answer)
    if (finding) isKnownSilent = false
    else complain(answer)
    return finding
  }

  /** Something else stands where the server should be, or nothing does: nobody is to wait in silence. */
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
        `xstate-session: ${url} gave ${answered} in place of the facts of a session. Is createSessionServer mounted there? The page asks again.`,
      )
  }

  /** A page at an address of the server: a service worker, or a server for pages, has answered in its place. */
  function lookAround() {
    const { origin, pathname } = globalThis.location ?? {}
    const url = `${origin}${pathname}`
    if (url.startsWith(settings.root)) complain({ url, status: 200, contentType: 'text/html' })
  }

  async function hear(signal: PageSignal): Promise<void> {
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
        if (login.name() !== undefined) login.close('elsewhere')
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
    // A snapshot of somebody else, or of another page load.
    if (chart.read().reason === null && !login.isKnown()) chart.startOver()
    if (isBegun || facts === undefined) void looks.look()
    else if (facts) {
      login.adopt(facts)
      login.share(facts)
    } else {
      login.close('never')
      open.share(null)
    }
    isBegun = true
  }

  const session: BffSession = {
    ...steps,
    fetch: createBffFetch(shared),
    async refresh({ by = 'force' } = {}) {
      if (by === 'user') seenAt = chart.now()
      // What is not yet known cannot be renewed.
      if (chart.read().isPending) await chart.ready(undefined)
      chart.send({ type: 'time.checked', at: chart.now() })
      chart.send({ type: 'refresh.asked', by, at: chart.now() })
      await chart.wait(by)
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
      // An actor of a parent is stopped by that.
      chart.leave()
    }
  }

  return {
    session: isBrowser ? session : withPage(settings, session),
    refresh,
    deadline: chart.deadline,
    send: chart.send,
    /** The actor was started. Answers what is to be called when it is stopped. */
    attach(sendBack: Send): () => void {
      const close = chart.attach(sendBack)
      open = settings.page?.open({ clock, idleTimeoutMs, hear, storageFailed }) ?? noPage
      const stopSignals = settings.signals?.(hear) ?? (() => {})
      detach = () => {
        detach = () => {}
        close()
        open.close()
        open = noPage
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

/** `path`, which says for which login it is asked. */
function addressOf(path: string | URL, { baseUrl, origin }: BffSettings, login: string | undefined): string {
  const url = new URL(path, baseUrl)
  if (!isOwn(url, origin))
    throw new Misconfigured(`session.url is for paths of the page's own origin, not for ${url.href}`)
  url.searchParams.set('session-login', nameOf(login))
  return url.href
}
