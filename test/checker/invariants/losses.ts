import type { Send } from '../happenings.ts'
import type { Bench, Monitor } from '../judge.ts'

/** I14: a session that expires for its refresh had a send that ended so. A refusal ends nothing. */
export function losses({ report }: Bench): Monitor {
  const results = new Map<string, Set<Send['result']>>()
  const known = (...wanted: Send['result'][]) =>
    [...results.values()].some((all) => wanted.some((result) => all.has(result)))

  return {
    on: {
      loggedIn: () => results.clear(),
      delivered: () => results.clear(),
      closed({ send }) {
        const all = results.get(send.token) ?? new Set()
        results.set(send.token, all.add(send.result))
      },
      moved({ by, to, reason }) {
        if (to !== 'expired') return
        const isJustified =
          reason === 'refreshRejected' || reason === 'refreshOutcomeUnknown'
            ? known('rejected', 'unknown')
            : reason === 'refreshUnsupported'
              ? known('unsupported')
              : reason !== null
        if (!isJustified) report('I14', `${by} expires as ${reason}, and nothing has said so`)
      },
    },
    memory: () => [...results].map(([token, all]) => [token, [...all].sort()]),
  }
}
