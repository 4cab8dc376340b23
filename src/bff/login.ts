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

const EXPIRED: readonly unknown[] = [
  'refreshRejected',
  'refreshUnsupported',
  'refreshOutcomeUnknown',
  'notRefreshable',
  'missingCredential',
  'accessRevoked',
  'identityMismatch',
  'stepUpRequired',
  'idle',
  'absoluteLifetime',
  'unusableLifetime',
  'internal',
] satisfies ExpiredReason[]

/** Which login the page believes in, and how far that login is. The chart, and the other tabs, are told of each change. */
export function createLogin(
  chart: Chart,
  { clock, random, leadTimeMs, users }: BffSettings,
  page: () => OpenPage,
) {
  /** The last login that the page knew of. */
  let last: string | undefined
  /** Who was shown last, as the server told it. */
  let shown: UserDocument | undefined
  const show = shownUser(users, () => chart.notify({ type: 'warning', code: 'userMisfit' }))
  /** Counts logins and ends: an answer from before one of them is of the past. */
  let turns = 0

  /** The login that the page believes in; `undefined`: it believes that nobody is logged in, or nobody has told. */
  const name = () => (chart.read().reason === null ? last : undefined)

  const share = ({ login, version, lifeMs }: KnownFacts) =>
    page().share({ login, version, endsAt: Math.floor(clock.wall() + lifeMs) })

  /** A login that is news to the page. */
  function begin(facts: KnownFacts, sendBack: Send = chart.send) {
    const known = chart.read().epoch
    // Two logins of one instant are two all the same.
    const epoch = facts.login === last ? known : facts.epoch + (facts.epoch === known ? 1 : 0)
    turns++
    last = facts.login
    const at = chart.now()
    // A look is no refresh: a refresh may follow at once.
    const before = shown?.id
    sendBack({ type: 'session.started', at, facts: { ...toFacts(facts, at), epoch, floorAt: at } })
    if (before !== undefined && before !== facts.user.id) chart.notify({ type: 'changed', what: 'user' })
  }

  /** What the server says of a login. `answer`: it answers a refresh, and the chart hears of it by that. */
  function adopt(facts: KnownFacts, answer?: Send): void {
    const { user, version, reason, epoch } = chart.read()
    const isOther = facts.login !== last || facts.user.id !== user?.id
    // A logout that another tab has told of may be none. Every other end stays one.
    const isHearsay = reason === 'elsewhere'
    // A server whose store fell back knows less than it said before: what it says now is what holds.
    const isBehind = reason === null && answer && facts.version < version
    if (isOther || isHearsay || isBehind) begin(facts, answer)
    if (isOther || reason !== null || facts.version < version + (answer ? 0 : 1)) return
    const at = chart.now()
    ;(answer ?? chart.send)({ type: 'session.renewed', at, facts: { ...toFacts(facts, at), epoch } })
    // Another object: another document, and it fits.
    if (user !== show(facts.user)) chart.notify({ type: 'changed', what: 'profile' })
  }

  function toFacts({ epoch, version, user, lifeMs }: KnownFacts, at: number): SessionFacts {
    // A server renews no bearer before its own lead time: whoever asks it comes later, not earlier.
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
    /** Whether it is known of which login the page is. */
    isKnown: () => last !== undefined,
    turns: () => turns,
    share,
    adopt,
    close,
    /** The server says that `login` is over, and perhaps why. Answers whether that was the page's. */
    end(login: string | undefined, reason?: unknown, sendBack: Send = chart.send): boolean {
      if (login === undefined || login !== name()) return false
      const { epoch, version } = chart.read()
      if (EXPIRED.includes(reason)) {
        turns++
        const why = reason as RejectedReason
        sendBack({ type: 'refresh.rejected', at: chart.now(), epoch, version, reason: why })
      } else close(reason === 'backChannel' ? reason : 'elsewhere', sendBack)
      return true
    },
    /** Takes what another tab has learned of this very login. Of anything else the server is asked. */
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
