import { grantOf } from '../../issuer.ts'
import { againstResend } from '../againstResend.ts'
import type { Bearer, Family, Send } from '../history.ts'
import { type Bench, type Monitor, processOf } from '../judge.ts'
import { TAKEN, UNKEPT } from '../leeway.ts'

interface Token {
  last: Send
  /** Of all of them, but for those that were refused. */
  readonly all: Send[]
  /** Sends in a row that may have spent it. */
  doubts: number
  /** How many of them the backend itself answered. */
  answers: number
  /** When the first of them was over. */
  since: number
}

/** The deadline of an attempt and a margin: what a process that stands still has in the air is over by then. */
const OVER_MS = 30_000
/** What copies of a session in one process know of each other without a store, they forget then. */
const FORGOTTEN_MS = 60_000
/** What proves that a token is spent, or refused for good. */
const OVER: readonly Send['result'][] = ['rejected', 'rotated', 'consumed']
const DOUBTFUL: readonly Send['result'][] = ['unknown', 'answered']
/** How far apart the clocks of processes may be (`docs/deployment.md`), or an intent is over for one and not for another. */
export const INTENT_MARGIN_MS = 5_000
/** A server has written down by then what became of a send. */
const HEARD_MS = 5_000
/** So many sends of one token are remembered. */
const REMEMBERED = 50

/**
 * I1: a token is sent once, and again only as its policy permits. I2: no token is sent that was replaced. I9: one
 * flight per session. I11: a refresh has a cause, and a 401 for an old bearer is none.
 */
export function sends(bench: Bench): Monitor {
  const { report, now, resend, held, kind, dueMs, leeway, troubled, hasIntents } = bench
  const tokens = new Map<string, Token>()
  const open = new Set<Send>()
  /** Sends that count among the doubts of their token. */
  const doubted = new WeakSet<Send>()
  /** Copies, and tokens that others have replaced, which they have forgotten. */
  const blind = new Set<string>()
  /** Logins for whom somebody asked for a refresh that is not due. */
  const forced = new Set<Family>()
  const loggedIn = new Map<string, Family>()
  /** The newest bearer that each session in memory is known to have: of what its copies have it knows nothing. */
  const own = new Map<string, Bearer | undefined>()

  const isSpent = (by: string, family: Family) => {
    const bearer = kind === 'memory' ? own.get(by) : held(family)?.bearer
    return !bearer || bearer.isRejected || bench.mayHaveEnded(bearer)
  }
  function has(by: string, bearer: Bearer) {
    const before = own.get(by)
    if (before?.family !== bearer.family || before.number < bearer.number) own.set(by, bearer)
  }
  const isUnderWay = (send: Send) =>
    send.closedAt === undefined && now() - send.at < OVER_MS && !leeway.isStill(processOf(send.by))
  const isMisledSince = (at: number) => hasIntents && leeway.slackMs(at) > INTENT_MARGIN_MS

  /** A copy sends, and cannot know any more what another has sent. */
  const isForgotten = (send: Send, last: Send) =>
    kind === 'memory' && send.by !== last.by && now() - (last.closedAt ?? Infinity) >= FORGOTTEN_MS

  function singleUse(send: Send) {
    const { token, family, by } = send
    const before = tokens.get(token)
    if (!before) return
    const { last, all, since } = before
    // Whatever is still under way may have spent it.
    const doubts = before.doubts + all.filter(({ closedAt }) => closedAt === undefined).length
    if (isForgotten(send, last)) return void tokens.delete(token)
    // Without its record nobody knows of the others.
    if (troubled(family.startedAt, TAKEN)) return
    const firstAt = all[0]?.at ?? last.at
    const isMisled = isMisledSince(firstAt)
    // Whoever was misled takes the row of another's send for its own, and what became of that is written nowhere.
    const isKnown = (one: Send) =>
      !one.isUnkept &&
      (!isMisled ||
        [...all, send].every(({ at }) => at <= one.at || at >= (one.closedAt ?? Infinity) + HEARD_MS))
    const answers = isMisled
      ? all.filter((one) => one.result === 'answered' && isKnown(one)).length
      : before.answers
    const flying = all.find(isUnderWay)
    if (flying && !isMisled) report('I1', `${by} sends ${token} while ${flying.by} waits for its answer`)
    const unkept = troubled(firstAt, UNKEPT)
    const over = all.findLast((one) => OVER.includes(one.result) && isKnown(one))
    if (over && (!unkept || grantOf(held(family)?.token).index > send.index))
      report('I1', `${by} sends ${token}, which was ${over.result}`)
    if (over || (unkept && !hasIntents)) return
    if (last.result === 'unsupported' && !isSpent(by, family) && processOf(last.by) === processOf(by))
      report('I1', `${by} sends ${token} to a backend without the route while the bearer is good`)
    const sinceMs = now() - since - leeway.slackMs(since)
    const doubtful = { doubts, answers, sinceMs, isSpent: isSpent(by, family) }
    for (const how of againstResend(resend, doubtful)) report('I1', `${by} sends ${token} ${how}`)
  }

  return {
    on: {
      loggedIn({ by, family }) {
        loggedIn.set(processOf(by), family)
        own.set(by, family.bearers[0])
      },
      returned: ({ call, bearer }) => has(call.by, bearer),
      wired: ({ by, bearer }) => has(by, bearer),
      called({ call }) {
        if (call.kind !== 'refresh') return
        for (const family of loggedIn.values()) forced.add(family)
      },
      delivered({ by, family, bearer }) {
        forced.delete(family)
        // What comes late is not adopted.
        if (loggedIn.get(processOf(by)) === family) own.set(by, bearer)
      },
      sent({ send }) {
        const { token, family, by } = send
        const before = tokens.get(token)
        if (before && isForgotten(send, before.last)) blind.add(`${by} ${token}`)
        singleUse(send)
        const current = held(family)
        const isReplaced =
          kind === 'memory'
            ? current?.token !== token && !blind.has(`${by} ${token}`)
            : !hasIntents &&
              !before &&
              grantOf(current?.token).index > send.index &&
              !troubled(current?.since ?? now(), TAKEN)
        if (isReplaced) report('I2', `${by} sends ${token}, which ${current?.token} has replaced`)
        for (const other of open) {
          const isSameProcess = processOf(other.by) === processOf(by)
          // An answer after the deadline may have brought this token meanwhile; who sends an old one, I2 judges.
          if (kind === 'memory' && other.token !== token) continue
          if (other.family === family && isUnderWay(other) && (isSameProcess || bench.isHealthy()))
            report('I9', `${by} sends ${token} while ${other.by} refreshes the same session`)
        }
        const bearer = current?.bearer
        const isDue =
          !bearer || bearer.isRejected || now() >= bearer.endsAt - dueMs - leeway.slackMs(bearer.mintedAt)
        if (!isDue && current?.token === token && !tokens.has(token) && !forced.has(family))
          report('I11', `${by} refreshes ${bearer.name}, which is good and was not refused`)
        open.add(send)
        const { doubts = 0, answers = 0, since = Infinity, all = [] } = tokens.get(token) ?? {}
        all.push(send)
        if (all.length > REMEMBERED) all.splice(1, 1)
        tokens.set(token, { last: send, all, doubts, answers, since })
      },
      closed({ send }) {
        open.delete(send)
        const known = tokens.get(send.token)
        if (!known) return
        // What is known by now, was in doubt before.
        if (doubted.delete(send) && (send.result === 'refused' || send.result === 'unsupported')) {
          known.doubts -= 1
          if (known.doubts === 0) known.since = Infinity
        }
        if (send.result === 'refused') known.all.splice(known.all.indexOf(send), 1)
        if (DOUBTFUL.includes(send.result) || (send.isUnkept && send.result !== 'refused')) {
          doubted.add(send)
          known.doubts += 1
          known.answers += send.result === 'answered' ? 1 : 0
          known.since = Math.min(known.since, now())
        } else if (send.result === 'kept') {
          known.doubts = 0
          known.answers = 0
          known.since = Infinity
        }
      },
      crashed({ by }) {
        for (const send of open) if (processOf(send.by) === by) open.delete(send)
        // Who begins anew does not know of a route that was missing.
        for (const token of tokens.values())
          if (processOf(token.last.by) === by) token.last = { ...token.last, by: 'nobody' }
      },
    },
    memory: () => [
      ...[...tokens].map(([token, { last, doubts, answers, since }]) => [
        token,
        last.by,
        last.result ?? now() - last.at,
        doubts,
        answers,
        doubts > 0 && Math.min(now() - since, 300_000),
      ]),
      ...[...blind].map((one) => ['blind', one]),
      ...[...forced].map(({ id }) => ['forced', id]),
      ...(kind === 'memory' ? [...own].map(([by, bearer]) => ['own', by, bearer?.name]) : []),
    ],
  }
}
