import type { Bearer, Family } from '../happenings.ts'
import type { Bench, Monitor } from '../judge.ts'
import { processOf } from '../judge.ts'

/**
 * I5: no token after logout, neither to a caller nor on the wire. I6: no resurrection, and what arrives late is
 * revoked.
 */
export function logouts({ report, isIdle }: Bench): Monitor {
  const families = new Set<Family>()
  /** By process, and by session: the logins that are over there. */
  const left = new Map<string, Set<Family>>()
  /** Refresh tokens that came too late, and who has to revoke them. */
  const owed = new Map<string, string>()
  const isLeft = (by: string, family: Family) => left.get(processOf(by))?.has(family) === true
  // Another session of the process may serve what it had until it asks.
  const over = ({ family }: Bearer, by: string) => left.get(by)?.has(family) === true

  return {
    on: {
      login: ({ family }) => void families.add(family),
      logout({ by }) {
        left.set(processOf(by), new Set(families))
        left.set(by, new Set(families))
      },
      returned({ call, bearer }) {
        if (over(bearer, call.by)) report('I5', `${call.kind} gives ${bearer.name} after logout`)
      },
      wired({ by, bearer }) {
        if (over(bearer, by)) report('I5', `${by} sends a request with ${bearer.name} after logout`)
      },
      sent({ send }) {
        if (isLeft(send.by, send.family)) report('I5', `${send.by} sends ${send.token} after logout`)
      },
      told({ by, notice }) {
        if (notice.type !== 'refreshed') return
        // A login that is newer than the logout tells of itself.
        const isOver = [...families].every((family) => isLeft(by, family))
        if (families.size > 0 && isOver) report('I6', `${by} tells of a renewal after logout`)
      },
      moved({ by, from, to }) {
        if (from !== 'loggedOut' || to === 'loggedOut') return
        if (families.size > 0 && [...families].every((family) => isLeft(by, family)))
          report('I6', `${by} is ${to} again after logout`)
      },
      delivered({ by, family, token }) {
        if (isLeft(by, family)) owed.set(token, by)
      },
      revoked: ({ token }) => void owed.delete(token),
      crashed({ by }) {
        for (const [token, debtor] of owed) if (processOf(debtor) === by) owed.delete(token)
      },
    },
    atRest() {
      for (const [token, by] of owed)
        if (isIdle(by)) report('I6', `${by} has not revoked ${token}, which came after logout`)
    },
    memory: () => [[...left].map(([process, all]) => [process, [...all].map(({ id }) => id)]), [...owed]],
  }
}
