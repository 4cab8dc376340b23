import type { Response as Answer, BrowserContext, Page, Route } from 'playwright-core'
import { expect } from 'vitest'
import { type ModelDriver, type ModelEventType, type ModelStep, modelEvents } from 'xstate-session/testing'
import { accounts } from '../../examples/backend/accounts.ts'
import { reasonTexts } from '../../src/react/reasonTexts.ts'
import { MODEL_START } from '../../src/testing/createSessionModel.ts'
import type { movableClock } from '../server/world.ts'
import type { Opened } from './panel.ts'

/** The life of a bearer, and when the panel renews it: what a model of the panel is told. */
export const panelModel = {
  lifeMs: 60_000,
  leadTimeMs: 20_000,
  idleTimeoutMs: 30 * 60_000,
  absoluteLifetimeMs: 604_800_000,
} as const

/** How far a check moves the page's clock at most, in milliseconds: less than the least wait before a retry. */
const MOST_TICKS = 20

const NOTHING_SPENT = 'What a page sends to its server spends nothing: whatever comes back, it asks again.'
const ALWAYS_BEARER = 'Facts of a server are of a session that has a bearer, and may ask for the next.'
const NO_FORM = 'Who is logged in sees no login form.'
const NO_BUTTON = 'The panel has no button for it there.'
const GIVEN_UP = 'A page gives an attempt up after 25 s, of which the model knows nothing.'
const CANNOT_REFRESH = 'That the backend cannot refresh ends the session at the server, as a rejection.'

const unreachable: ModelDriver['unreachable'] = {
  'refresh.notDue': 'The clocks of the page and of its server go together here.',
  'server.ended': 'Takes a refresh of another tab that is refused while this one looks away.',
  'refresh.unknown': NOTHING_SPENT,
  'refresh.failed': NOTHING_SPENT,
  'refresh.consumed': NOTHING_SPENT,
  'refresh.unsupported': CANNOT_REFRESH,
  'refresh.disabled': CANNOT_REFRESH,
  'login.withoutRefresh': ALWAYS_BEARER,
  'refresh.succeededLast': ALWAYS_BEARER,
  'refresh.uselessLast': ALWAYS_BEARER,
  'refresh.uselessRenewal': ALWAYS_BEARER,
  'login.inDoubt': NOTHING_SPENT,
  'bearer.acceptedByApi': 'A page behind its server has no bearer, and nobody accepts it.',
  'peer.renewedUselessly': ALWAYS_BEARER,
  'peer.renewedUselessLast': ALWAYS_BEARER,
  'refreshing: session.renewed [isNewerUseless] -> expired':
    'The server counts too, and ends the session before its page would.',
  'time.lifetimeOver': 'The page is told of no such limit: its server keeps it.',
  'caller.asked': 'A page behind its server has no bearer to hand out, and its calls wait for none.',
  'caller.forced': NO_BUTTON,
  'provider.loggedOut': 'The server of the demo takes no word of the provider.',
  'active: login.completed': NO_FORM,
  'nearingExpiry: login.completed': NO_FORM,
  'refreshing: login.completed': NO_FORM,
  'retrying: login.completed': NO_FORM,
  'loggedOut: user.loggedOut': NO_BUTTON,
  'expired: user.loggedOut': NO_BUTTON,
  'loggedOut: peer.loggedOut': 'There is no session that another tab could log out of.',
  'expired: peer.loggedOut': 'There is no session that another tab could log out of.',
  'loggedOut: user.stayed': NO_BUTTON,
  'expired: user.stayed': NO_BUTTON,
  'loggedOut: user.wentIdle': NO_BUTTON,
  'expired: user.wentIdle': NO_BUTTON,
  'nearingExpiry: user.wentIdle': 'Who has stepped away cannot step away again.',
  'refreshing: time.refreshDue': GIVEN_UP,
  'refreshing: time.leadReached': GIVEN_UP,
  'refreshing: time.bearerEnded': GIVEN_UP,
  'refreshing: peer.renewed': 'One tab at a time renews, under a lock.',
  'expired: peer.renewed': 'What the server has ended it renews no more.',
  'retrying: refresh.asked [isAskedAndDue] -> refreshing':
    'A session looks at the clock before it asks, and that starts the refresh.',
}

/** Walks the panel of the demo in Chromium, by its buttons, the clock of its page, the network and the backend. */
export function panelDriver(app: Opened, server: ReturnType<typeof movableClock>): ModelDriver {
  let context: BrowserContext | undefined
  let page: Page
  let held: Route[] = []
  /** The clock of the page, of the model, and the last activity. */
  let pageNow = 0
  let modelNow = 0
  let seenAt = 0
  let isIdle = false
  let version = 0
  /** Whether the page is told what its server says when it looks by itself. */
  let isLookWorth = false

  const press = (name: string | RegExp, on = page) =>
    on.getByRole('button', { name, exact: typeof name === 'string' }).dispatchEvent('click')

  async function pass(ms: number) {
    await page.clock.fastForward(ms)
    pageNow += ms
  }

  /** Time passes at the server and its backend: the next refresh that reaches it is due. */
  function outlive() {
    server.pass(panelModel.lifeMs)
    app.backend.knobs.clockOffsetMs += panelModel.lifeMs
  }

  async function release(how: (route: Route) => Promise<void>) {
    await expect.poll(() => held.length, { interval: 20 }).toBeGreaterThan(0)
    const route = held.pop() as Route
    await how(route)
  }

  /** Ends the session at the server for a user who is no admin any more, in a request that the page knows nothing of. */
  async function revoke() {
    app.backend.operator.revokeAdmin('localAdmin')
    const cookies = await context?.cookies(app.panel.url)
    const cookie = cookies?.map(({ name, value }) => `${name}=${value}`).join('; ') ?? ''
    const answer = await fetch(`${app.panel.url}/session/verify`, { headers: { cookie } })
    expect(answer.status).toBe(401)
  }

  async function shortened(route: Route) {
    const response = await route.fetch()
    const facts = await response.json()
    await route.fulfill({ response, json: { ...facts, expiresAt: facts.serverNow + 1_000 } })
  }

  const anotherUser = async (answer: Response) => {
    const { headers, status } = answer
    const body = (await answer.text()).replaceAll(accounts.localAdmin.id, accounts.localUser.id)
    return new Response(body, { status, headers })
  }

  /** How each refresh ends. */
  const outcomes: Partial<Record<ModelEventType, () => void | Promise<void>>> = {
    'refresh.succeeded': () => release((route) => route.continue()),
    'refresh.shortLived': () => release(shortened),
    'refresh.refused': () => release((route) => route.abort('failed')),
    'refresh.limited': () =>
      release((route) => route.fulfill({ status: 429, headers: { 'retry-after': '30' } })),
    'refresh.misconfigured': () => release((route) => route.fulfill({ status: 404 })),
    'refresh.rejected': () => {
      app.backend.operator.endLocalSessions('localAdmin')
      return release((route) => route.continue())
    },
    'refresh.missingCredential': () => {
      const answer = { status: 200, headers: { 'content-type': 'text/html' } }
      app.backend.faults.inject('cookieRefresh', {
        kind: 'respond',
        ...answer,
        body: 'Refresh token not provided',
      })
      return release((route) => route.continue())
    },
    'refresh.accessRevoked': async () => {
      await revoke()
      await release((route) => route.continue())
    },
    'refresh.identityMismatch': () => {
      app.backend.faults.inject('cookieRefresh', { kind: 'edit', edit: anotherUser })
      return release((route) => route.continue())
    },
    'refresh.stepUpRequired': () => {
      app.backend.knobs.requireTwoFactor = true
      return release((route) => route.continue())
    },
  }

  async function inAnotherTab(button: string) {
    const tab = await (context as BrowserContext).newPage()
    await tab.goto(`${app.panel.url}/users`)
    await tab.getByTestId('state').waitFor()
    outlive()
    await press(button, tab)
    return tab
  }

  async function away(wanted: boolean) {
    // The button says what it would do.
    const needed = page.getByRole('button', { name: wanted ? 'Step away' : 'Come back' })
    if ((await needed.count()) === 0) {
      if (wanted && isIdle) throw new Error('Who has stepped away cannot step away again.')
      await press(wanted ? 'Come back' : 'Step away')
    }
    await press(wanted ? 'Step away' : 'Come back')
  }

  async function time(type: ModelEventType, step: ModelStep) {
    const skew = pageNow - modelNow
    const isFar = type === 'time.idledOut'
    // Whoever is at work shows it, or the page takes the time that passes for absence.
    if (!isIdle && !isFar && step.from.isAuthenticated && pageNow - seenAt > 120_000) {
      await page.keyboard.press('Shift')
      await pass(1)
      seenAt = pageNow
    }
    // Activity has put the end by idleness off.
    const at = step.snapshot.context.now + skew + (isFar ? panelModel.idleTimeoutMs : 0)
    if (isFar) {
      // A machine that slept: somebody looks at the page before its late timers fire, that of the attempt among them.
      await page.clock.setSystemTime(at)
      pageNow = at
    } else await pass(Math.max(at - pageNow, 0))
    if (isFar || type === 'time.floorPassed' || type === 'time.woke')
      await page.evaluate(() => window.dispatchEvent(new Event('focus')))
  }

  async function act(type: ModelEventType, step: ModelStep) {
    const outcome = outcomes[type]
    if (outcome) {
      outlive()
      return outcome()
    }
    if (type.startsWith('time.')) return time(type, step)
    switch (type) {
      case 'login.completed':
        app.backend.operator.grantAdmin('localAdmin')
        app.backend.knobs.requireTwoFactor = false
        // Logins are told apart by their instant.
        server.pass(1_000)
        app.backend.knobs.clockOffsetMs += 1_000
        seenAt = pageNow
        return press('Sign in')
      case 'user.loggedOut':
        return press('Sign out')
      case 'peer.loggedOut': {
        const tab = await inAnotherTab('Sign out')
        await tab.getByText('You have signed out.').waitFor()
        return tab.close()
      }
      case 'peer.renewed': {
        isLookWorth = true
        const tab = await inAnotherTab('Stay signed in')
        await expect.poll(() => versionOf(tab)).toBeGreaterThan(version)
        return tab.close()
      }
      case 'user.stayed':
        return press(/Stay signed in|Renewing/)
      case 'user.wentIdle':
        return away(true)
      case 'user.cameBack':
        return step.from.isAuthenticated ? away(false) : page.keyboard.press('Shift')
      case 'network.restored':
        await press('Go offline')
        return press('Go online')
      case 'bearer.rejectedByApi': {
        // The server finds no other bearer, and tells its page so.
        app.backend.faults.inject('data', { kind: 'respond', status: 401 }, { times: Infinity })
        app.backend.faults.inject('cookieRefresh', { kind: 'respond', status: 503 }, { times: Infinity })
        let answers = 0
        const count = (answer: Answer) => {
          if (answer.url().endsWith('/api/admin/users') && answer.status() === 503) answers += 1
        }
        page.on('response', count)
        await press(/Fire 50/)
        await expect.poll(() => answers, { interval: 20 }).toBeGreaterThanOrEqual(50)
        page.off('response', count)
        return app.backend.faults.clear()
      }
      default:
        throw new Error(`No way to ${type}.`)
    }
  }

  async function check(step: ModelStep) {
    const { state, isAuthenticated, reason } = step.to
    const isMoved = step.event !== 'start' && step.from.state !== state
    const expected = {
      chart: `Statechart; the state is ${state}`,
      bar: isAuthenticated ? state : null,
      // What the model gives no name for is not said at a first visit.
      note: isAuthenticated || reason === null || reason === 'never' ? null : reasonTexts[reason],
      login: !isAuthenticated,
      moved: isMoved ? `${step.from.state} → ${state}` : undefined,
      isRenewed: isAuthenticated && step.to.epoch === step.from.epoch && step.to.version > step.from.version,
    }
    let looks = 0
    await expect
      .poll(
        async () => {
          // What is only put off to the next turn of the page's clock.
          if (looks++ < MOST_TICKS) {
            await page.clock.runFor(1)
            pageNow += 1
          }
          const shown = await page.evaluate(() => ({
            chart: document.querySelector('.chart svg')?.getAttribute('aria-label'),
            bar: document.querySelector('[data-testid=state]')?.textContent ?? null,
            note: document.querySelector('.login .note')?.textContent ?? null,
            login: document.querySelector('.login') !== null,
            version: document.querySelector('.countdown small')?.textContent ?? '',
            moved: [...document.querySelectorAll('.timeline li')]
              .filter((one) => one.querySelector('.where')?.textContent === 'page')
              .map((one) => one.querySelector('strong')?.textContent)
              .find((text) => text?.includes('→')),
          }))
          const { version: at, ...rest } = shown
          return {
            ...rest,
            moved: isMoved ? rest.moved : undefined,
            isRenewed: expected.isRenewed && Number(/\d+/.exec(at)?.[0] ?? 0) > version,
          }
        },
        { interval: 20 },
      )
      .toEqual(expected)
    version = await versionOf(page)
    modelNow = step.snapshot.context.now
    isIdle = step.snapshot.context.idle
    isLookWorth = false
    if (state === 'refreshing') return
    // The model has left the flight: nothing waits for its answer.
    for (const route of held) await route.abort().catch(() => {})
    held = []
  }

  return {
    async start() {
      app.backend.faults.clear()
      context = await app.browser.newContext({ viewport: { width: 1360, height: 1000 } })
      // No jitter.
      await context.addInitScript(() => {
        Math.random = () => 0
      })
      page = await context.newPage()
      held = []
      version = 0
      modelNow = MODEL_START
      pageNow = MODEL_START + 1_000
      seenAt = pageNow
      await page.clock.install({ time: MODEL_START })
      await page.clock.pauseAt(pageNow)
      await page.route('**/session/refresh', (route) => void held.push(route))
      // Nobody tells the page anything between the events of a path.
      await page.route('**/session', (route) =>
        isLookWorth ? route.continue() : route.fulfill({ status: 503 }),
      )
      await page.goto(app.panel.url)
    },
    stop: () => context?.close(),
    events: Object.fromEntries(
      (Object.keys(modelEvents) as ModelEventType[]).map((type) => [
        type,
        (step: ModelStep) => act(type, step),
      ]),
    ),
    states: {
      loggedOut: check,
      active: check,
      nearingExpiry: check,
      refreshing: check,
      retrying: check,
      expired: check,
    },
    ...(unreachable && { unreachable }),
  }
}

/** `bearer no. 3`, where somebody is logged in. */
async function versionOf(page: Page): Promise<number> {
  const text = await page.evaluate(() => document.querySelector('.countdown small')?.textContent ?? '')
  return Number(/\d+/.exec(text)?.[0] ?? 0)
}
