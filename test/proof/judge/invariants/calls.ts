import { againstRetry } from '../againstRetry.ts'
import type { Bearer, Family } from '../history.ts'
import type { Bench, Monitor } from '../judge.ts'

interface Wire {
  readonly bearer: Bearer
  readonly body: string
}

/**
 * I7: a caller gets a token of whom it has asked for, and nobody one of a user who has not logged in. I10: a request is
 * sent again only with a newer bearer, once. And I13: no bearer is handed out that has ended.
 */
export function requests({ report, hasEnded }: Bench): Monitor {
  const wires = new Map<string, readonly [Wire, ...Wire[]]>()
  const families = new Set<Family>()
  function isKnown(by: string, { name, family }: Bearer) {
    if (!families.has(family)) report('I7', `${by} has ${name} of ${family.user}, who has not logged in`)
  }

  return {
    on: {
      login: ({ family }) => void families.add(family),
      sent({ send: { by, token, family } }) {
        if (!families.has(family))
          report('I7', `${by} sends ${token} of ${family.user}, who has not logged in`)
      },
      returned({ call, bearer }) {
        if (call.user !== undefined && call.user !== bearer.family.user)
          report('I7', `${call.by} asked as ${call.user} and got ${bearer.name} of ${bearer.family.user}`)
        isKnown(call.by, bearer)
        if (hasEnded(bearer)) report('I13', `${call.by} got ${bearer.name}, which has ended`)
      },
      wired({ by, call, bearer, body }) {
        isKnown(by, bearer)
        const [first, ...more] = wires.get(call) ?? []
        const last = { bearer, body }
        const sent = first ? ([first, ...more, last] as const) : ([last] as const)
        wires.set(call, sent)
        for (const how of againstRetry(sent)) report('I10', `${call} is sent ${how}: ${bearer.name}`)
      },
      settled: ({ call }) => void wires.delete(callName(call)),
    },
    memory: () => [...wires.values()].map((sent) => [sent[0].bearer.name, sent.length > 1]),
  }
}

export const callName = ({ by, number }: { readonly by: string; readonly number: number }) =>
  `${by}#${number}`
