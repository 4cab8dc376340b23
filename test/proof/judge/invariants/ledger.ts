import type { Bearer, Family } from '../history.ts'
import type { Bench, Held, Monitor } from '../judge.ts'

/** What is committed of each login: by the store where there is one, else by the delivery. */
export function ledger({ kind, now }: Bench): Monitor & { held(family: Family): Held | undefined } {
  const families = new Map<Family, Held>()
  const bearers = new Map<string, Bearer>()
  const tokens = new Map<string, Family>()

  return {
    held: (family) => families.get(family),
    on: {
      login({ family, token }) {
        const [bearer] = family.bearers
        if (bearer) bearers.set(bearer.name, bearer)
        tokens.set(token, family)
        if (kind === 'memory') families.set(family, { token, bearer, since: now() })
      },
      delivered({ family, token, bearer }) {
        if (bearer) bearers.set(bearer.name, bearer)
        tokens.set(token, family)
        if (kind === 'memory') families.set(family, { token, bearer, since: now() })
      },
      committed({ after: { token, bearer } }) {
        const family = tokens.get(token ?? '') ?? bearers.get(bearer ?? '')?.family
        if (family) families.set(family, { token, bearer: bearers.get(bearer ?? ''), since: now() })
      },
    },
    memory: () =>
      [...families].map(([{ id }, { token, bearer }]) => [
        id,
        token,
        bearer && [bearer.name, Math.max(bearer.endsAt - now(), -1), bearer.isRejected],
      ]),
  }
}
