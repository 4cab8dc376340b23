import type { Family, Send } from '../happenings.ts'
import type { Bench, Monitor } from '../judge.ts'
import { processOf } from '../judge.ts'

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
 * nothing. A line that says that the token may be spent counts as a send of which nobody knows, as soon as nobody will
 * come to say more.
 */
export function losses({ report, now, hasIntents }: Bench): Monitor {
  /** By login, and since its last renewal. */
  const results = new Map<Family, Set<Send['result']>>()
  const users = new Map<string, Family>()
  const lines = new Map<string, Line>()
  const crashedAt = new Map<string, number>()

  const isAnswered = (family: Family, wanted: readonly Send['result'][]) =>
    wanted.some((result) => results.get(family)?.has(result))
  const isLeftOpen = (family: Family) =>
    [...lines].some(
      ([token, { at, isOrphaned }]) =>
        token.startsWith(`r${family.id}-`) && (isOrphaned || now() - at >= OVER_MS),
    )

  function isJustified(family: Family, reason: string | null): boolean {
    if (reason === 'refreshUnsupported') return isAnswered(family, ['unsupported'])
    if (reason === 'refreshRejected' || reason === 'refreshOutcomeUnknown')
      return isAnswered(family, ['rejected', 'unknown']) || isLeftOpen(family)
    return reason !== null
  }

  return {
    on: {
      login: ({ family }) => void users.set(family.user, family),
      delivered: ({ family }) => void results.delete(family),
      closed({ send: { family, result } }) {
        results.set(family, (results.get(family) ?? new Set()).add(result))
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
        const family = users.get(user ?? '')
        if (to === 'expired' && !(family && isJustified(family, reason)))
          report('I14', `${by} expires as ${reason}, and nothing has said so`)
      },
    },
    memory: () => [
      ...[...results].map(([{ id }, all]) => [id, [...all].sort()]),
      ...[...lines].map(([token, { by, at, isOrphaned }]) => {
        const ageMs = Math.min(now() - at, OVER_MS)
        return [token, isOrphaned || ageMs === OVER_MS || [by, ageMs]]
      }),
      ...[...crashedAt].filter(([, at]) => at === now()).map(([by]) => ['crashed', by]),
    ],
  }
}
