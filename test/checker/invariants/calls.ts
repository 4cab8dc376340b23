import type { Bearer, Family } from '../happenings.ts'
import type { Bench, Monitor } from '../judge.ts'

interface Wire {
  readonly bearer: Bearer
  readonly body: string
}

/**
 * I7: a caller gets a token of whom it has asked for, and nobody one of a user who has not logged in. I10: a request is sent twice at most, the second time with a
 * newer bearer and the same body. And I13: no bearer is handed out that has ended.
 */
export function requests({ report, now }: Bench): Monitor {
  const wires = new Map<string, Wire>()
  const twice = new Set<string>()
  const families = new Set<Family>()
  function isKnown(by: string, { name, family }: Bearer) {
    if (!families.has(family)) report('I7', `${by} has ${name} of ${family.user}, who has not logged in`)
  }

  return {
    on: {
      login: ({ family }) => void families.add(family),
      returned({ call, bearer }) {
        if (call.user !== undefined && call.user !== bearer.family.user)
          report('I7', `${call.by} asked as ${call.user} and got ${bearer.name} of ${bearer.family.user}`)
        isKnown(call.by, bearer)
        if (bearer.endsAt <= now()) report('I13', `${call.by} got ${bearer.name}, which has ended`)
      },
      wired({ by, call, bearer, body }) {
        isKnown(by, bearer)
        const first = wires.get(call)
        if (!first) {
          wires.set(call, { bearer, body })
          return
        }
        if (twice.has(call)) report('I10', `${call} is sent a third time`)
        twice.add(call)
        if (first.bearer.family !== bearer.family || first.bearer.number >= bearer.number)
          report('I10', `${call} is sent again with ${bearer.name} after ${first.bearer.name}`)
        if (first.body !== body) report('I10', `${call} is sent again with another body`)
      },
      settled({ call }) {
        wires.delete(callName(call))
        twice.delete(callName(call))
      },
    },
    memory: () => [...wires].map(([call, { bearer }]) => [bearer.name, twice.has(call)]),
  }
}

export const callName = ({ by, number }: { readonly by: string; readonly number: number }) =>
  `${by}#${number}`
