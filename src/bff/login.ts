import type { SessionFacts } from '../../machines/session.context.ts'
import { deadlinesOf } from '../../machines/session.deadlines.ts'
import type { ExpiredReason, LoggedOutReason, RejectedReason } from '../../machines/session.types.ts'
import { type Shown, shownUser } from '../base/shownUser.ts'
import type { Send } from '../session/port.ts'
import type { Chart } from './chart.ts'
import type { KnownFacts } from './facts.ts'
import type { BffSettings } from './options.ts'
import type { OpenPage } from './page.ts'

export type Login = ReturnType<typeof createLogin>

/** The reasons that a server may tell. The server holds the tokens, so the page has no key to lose. */
const EXPIRED: Readonly<Record<Exclude<ExpiredReason, 'keyLost'>, true>> = {
  refreshRejected: true,
  refreshUnsupported: true,
  refreshOutcomeUnknown: true,
  notRefreshable: true,
  missingCredential: true,
  accessRevoked: true,
  identityMismatch: true,
  stepUpRequired: true,
  idle: true,
  absoluteLifetime: true,
  unusableLifetime: true,
  internal: true,
}

/** The login that the page shows, and its version. It reports each change to the chart and to the other tabs. */
export function createLogin(
  chart: Chart,
  { clock, random, leadTimeMs, users }: BffSettings,
  page: () => OpenPage | undefined,
) {
  /** The last login that the page knew. */
  let last: string | undefined
  /** The last shown user. */
  let shown: Shown | undefined
  /** Counts logins and ends: an answer from before one of them is out of date. */
  let turns = 0

  /** The login that the page shows; `undefined`: the page shows that nobody is logged in, or does not know yet. */
  const name = () => (chart.read().reason === null ? last : undefined)

  /** Takes the server's facts of a login. `answer`: they answer a refresh, and the chart learns of them by it. */
  function adopt(facts: KnownFacts, answer?: Send): void {
    const { login, version } = facts
    const known = chart.read()
    const { reason, epoch } = known
    const sendBack = answer ?? chart.send
    const before = shown?.document.id
    const at = chart.now()
    // After a logout nobody is shown: another tab may be wrong about it. Every other end of this login is final.
    const isOther = login !== last || facts.user.id !== known.user?.id
    // A server whose store fell back knows less than before. Its present answer counts.
    const isBehind = reason === null && answer && version < known.version
    if (isOther || isBehind) {
      turns++
      // Two logins of one instant are still two logins.
      const next = login === last ? epoch : facts.epoch + (facts.epoch === epoch ? 1 : 0)
      last = login
      // A look is no refresh, so a refresh may follow at once.
      sendBack({ type: 'session.started', at, facts: { ...toFacts(facts, at), epoch: next, floorAt: at } })
      if (before !== undefined && before !== facts.user.id) chart.notify({ type: 'changed', what: 'user' })
    } else if (reason === null && version >= known.version + (answer ? 0 : 1)) {
      sendBack({ type: 'session.renewed', at, facts: { ...toFacts(facts, at), epoch } })
      // Another object is another document, and it matches.
      if (known.user !== shown?.user) chart.notify({ type: 'changed', what: 'profile' })
    }
    page()?.share({ login, version, endsAt: Math.floor(clock.wall() + facts.lifeMs) })
  }

  function toFacts({ epoch, version, user, lifeMs }: KnownFacts, at: number): SessionFacts {
    // A server renews no bearer before its own lead time, so the page asks later, not earlier.
    const deadlines = deadlinesOf(at, lifeMs, leadTimeMs * (1 - random() / 2), 0)
    const fixed = { provider: 'bff', kind: 'bff', bearer: 'good', refreshable: true, startedAt: at } as const
    shown = shownUser(users, user, shown, () => chart.notify({ type: 'warning', code: 'userMisfit' }))
    return { epoch, version, user: shown.user, ...fixed, ...deadlines }
  }

  function close(reason: LoggedOutReason, sendBack: Send = chart.send) {
    turns++
    sendBack({ type: 'session.ended', at: chart.now(), reason })
  }

  return {
    name,
    /** Whether it is known which login the page has. */
    isKnown: () => last !== undefined,
    turns: () => turns,
    adopt,
    close,
    /** The server has another login than `login`. Returns whether the page showed that. */
    replaced(login: string | undefined): boolean {
      const isShown = login !== undefined && login === name()
      if (isShown) close('elsewhere')
      return isShown
    },
    /** The server says to a page that shows `login` that nobody is logged in, and perhaps why. */
    ended(login: string | undefined, reason?: unknown, sendBack: Send = chart.send): void {
      // The page shows another login by now.
      if (login !== name()) return
      const { epoch, version, isPending } = chart.read()
      if (login !== undefined && Object.hasOwn(EXPIRED, String(reason))) {
        turns++
        const why = reason as RejectedReason
        sendBack({ type: 'refresh.rejected', at: chart.now(), epoch, version, reason: why })
      } else if (login !== undefined) close(reason === 'backChannel' ? reason : 'elsewhere', sendBack)
      else if (isPending) close('never')
      page()?.share(null)
    },
    /** Takes the facts of another tab about this same login. For anything else the page asks the server. */
    catchUp(): boolean {
      const found = page()?.read()
      const { version, epoch } = chart.read()
      const lifeMs = (found?.endsAt ?? 0) - clock.wall()
      if (!found || !shown || found.login !== name() || found.version <= version || lifeMs <= 0) return false
      adopt({ login: found.login, epoch, version: found.version, user: shown.document, lifeMs })
      return true
    },
  }
}
