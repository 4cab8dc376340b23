import type { SessionFacts } from '../../machines/session.context.ts'
import { deadlinesOf } from '../../machines/session.deadlines.ts'
import type {
  ExpiredReason,
  LoggedOutReason,
  RejectedReason,
  UserDocument,
} from '../../machines/session.types.ts'
import { shownUser } from '../base/shownUser.ts'
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
  page: () => OpenPage,
) {
  /** The last login that the page knew. */
  let last: string | undefined
  /** The last shown user, as the server returned it. */
  let shown: UserDocument | undefined
  const show = shownUser(users, () => chart.notify({ type: 'warning', code: 'userMisfit' }))
  /** Counts logins and ends: an answer from before one of them is out of date. */
  let turns = 0

  /** The login that the page shows; `undefined`: the page shows that nobody is logged in, or does not know yet. */
  const name = () => (chart.read().reason === null ? last : undefined)

  const share = ({ login, version, lifeMs }: KnownFacts) =>
    page().share({ login, version, endsAt: Math.floor(clock.wall() + lifeMs) })

  /** A login that is new to the page. */
  function begin(facts: KnownFacts, sendBack: Send = chart.send) {
    const known = chart.read().epoch
    // Two logins of one instant are still two logins.
    const epoch = facts.login === last ? known : facts.epoch + (facts.epoch === known ? 1 : 0)
    turns++
    last = facts.login
    const at = chart.now()
    // A look is no refresh, so a refresh may follow at once.
    const before = shown?.id
    sendBack({ type: 'session.started', at, facts: { ...toFacts(facts, at), epoch, floorAt: at } })
    if (before !== undefined && before !== facts.user.id) chart.notify({ type: 'changed', what: 'user' })
  }

  /** Takes the server's facts of a login. `answer`: they answer a refresh, and the chart learns of them by it. */
  function adopt(facts: KnownFacts, answer?: Send): void {
    const { user, version, reason, epoch } = chart.read()
    const isOther = facts.login !== last || facts.user.id !== user?.id
    // Another tab may be wrong about a logout. Every other end is final.
    const isHearsay = reason === 'elsewhere'
    // A server whose store fell back knows less than before. Its present answer counts.
    const isBehind = reason === null && answer && facts.version < version
    if (isOther || isHearsay || isBehind) begin(facts, answer)
    if (isOther || reason !== null || facts.version < version + (answer ? 0 : 1)) return
    const at = chart.now()
    ;(answer ?? chart.send)({ type: 'session.renewed', at, facts: { ...toFacts(facts, at), epoch } })
    // Another object is another document, and it matches.
    if (user !== show(facts.user)) chart.notify({ type: 'changed', what: 'profile' })
  }

  function toFacts({ epoch, version, user, lifeMs }: KnownFacts, at: number): SessionFacts {
    // A server renews no bearer before its own lead time, so the page asks later, not earlier.
    const deadlines = deadlinesOf(at, lifeMs, leadTimeMs * (1 - random() / 2), 0)
    const fixed = { provider: 'bff', kind: 'bff', bearer: 'good', refreshable: true, startedAt: at } as const
    shown = user
    return { epoch, version, user: show(user), ...fixed, ...deadlines }
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
    share,
    adopt,
    close,
    /** The server says that `login` is over, and perhaps why. Returns whether it was the page's login. */
    end(login: string | undefined, reason?: unknown, sendBack: Send = chart.send): boolean {
      if (login === undefined || login !== name()) return false
      const { epoch, version } = chart.read()
      if (Object.keys(EXPIRED).some((one) => one === reason)) {
        turns++
        const why = reason as RejectedReason
        sendBack({ type: 'refresh.rejected', at: chart.now(), epoch, version, reason: why })
      } else close(reason === 'backChannel' ? reason : 'elsewhere', sendBack)
      return true
    },
    /** Takes the facts of another tab about this same login. For anything else the page asks the server. */
    catchUp(): boolean {
      const found = page().read()
      const { version, epoch } = chart.read()
      const lifeMs = (found?.endsAt ?? 0) - clock.wall()
      if (!found || !shown || found.login !== name() || found.version <= version || lifeMs <= 0) return false
      adopt({ login: found.login, epoch, version: found.version, user: shown, lifeMs })
      return true
    },
  }
}
