import { grantOf } from '../../issuer.ts'
import { MAX_ANSWERS } from '../againstResend.ts'
import type { Family, Send } from '../history.ts'
import { type Bench, type Monitor, processOf } from '../judge.ts'
import { INTENT_MARGIN_MS } from './sends.ts'

/** What was written down before a send, and by whom. */
interface Line {
  readonly by: string
  readonly at: number
  /** What it says of itself. */
  readonly id: number
  isOrphaned: boolean
}

/** The deadline of an attempt and a margin: whoever wrote a line down has said by then what came of it. */
const OVER_MS = 30_000

/**
 * I14: a session that expires for its refresh had a send that ended so, of a token of its own login. A refusal ends
 * nothing, and neither does what the backend did not say, unless the policy permits no further send. A line that says that
 * the token may be spent counts as a send of which nobody knows, as soon as nobody will come to say more.
 */
export function losses({ report, now, hasIntents, resend, leeway }: Bench): Monitor {
  /** By login, and since its last renewal. */
  const results = new Map<Family, Map<Send['result'], number>>()
  const users = new Map<string, Family[]>()
  const lines = new Map<string, Line>()
  const crashedAt = new Map<string, number>()

  const times = (family: Family, result: Send['result']) => results.get(family)?.get(result) ?? 0
  const isLeftOpen = (family: Family) =>
    [...lines].some(
      ([token, { at, isOrphaned }]) =>
        grantOf(token).id === family.id && (isOrphaned || now() - at >= OVER_MS),
    )

  function isJustified(family: Family, reason: string | null): boolean {
    // By another clock a line is left open sooner, and two of them send.
    const isMisled = hasIntents && leeway.slackMs(family.startedAt) > INTENT_MARGIN_MS
    if (isMisled && reason !== 'refreshUnsupported') return reason !== null
    switch (reason) {
      case 'accessRevoked':
        return times(family, 'rejected') > 0
      case 'refreshUnsupported':
        return times(family, 'unsupported') > 0
      case 'refreshRejected':
        return times(family, 'rejected') > 0 || times(family, 'answered') >= MAX_ANSWERS
      case 'refreshOutcomeUnknown':
        if (times(family, 'consumed') > 0) return true
        if (resend === 'afterBearerEnds') return false
        return times(family, 'unknown') + times(family, 'answered') > 0 || isLeftOpen(family)
      default:
        return reason !== null
    }
  }

  return {
    on: {
      login({ family }) {
        const known = users.get(family.user) ?? []
        if (!known.includes(family)) users.set(family.user, [...known, family])
      },
      delivered: ({ family }) => void results.delete(family),
      closed({ send: { family, result } }) {
        const counts = results.get(family) ?? new Map<Send['result'], number>()
        results.set(family, counts.set(result, (counts.get(result) ?? 0) + 1))
      },
      committed({ by, after: { token = '', intent } }) {
        if (!hasIntents) return
        const isKept = intent !== undefined && lines.get(token)?.id === intent.at
        if (isKept && intent.isOpen) return
        lines.clear()
        if (intent?.isOpen && intent.at > 0)
          lines.set(token, {
            by: processOf(by),
            at: now(),
            id: intent.at,
            isOrphaned: crashedAt.get(processOf(by)) === now(),
          })
      },
      crashed({ by }) {
        // What it had in the air may be written down a moment later.
        crashedAt.set(by, now())
        for (const line of lines.values()) if (line.by === by) line.isOrphaned = true
      },
      moved({ by, to, reason, user }) {
        const own = users.get(user ?? '') ?? []
        if (to === 'expired' && !own.some((family) => isJustified(family, reason)))
          report('I14', `${by} expires as ${reason}, and nothing has said so`)
      },
    },
    memory: () => [
      ...[...results].map(([{ id }, counts]) => [id, [...counts].sort()]),
      ...[...lines].map(([token, { by, at, isOrphaned }]) => {
        const ageMs = Math.min(now() - at, OVER_MS)
        return [token, isOrphaned || ageMs === OVER_MS || [by, ageMs]]
      }),
      ...[...crashedAt].filter(([, at]) => at === now()).map(([by]) => ['crashed', by]),
    ],
  }
}
