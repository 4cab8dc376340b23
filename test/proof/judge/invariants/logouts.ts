import { grantOf } from '../../issuer.ts'
import type { Bearer, Family, Stored } from '../history.ts'
import { type Bench, type Monitor, processOf } from '../judge.ts'
import { OF_STORE } from '../leeway.ts'
import { callName } from './calls.ts'

interface Debt {
  readonly by: string
  readonly since: number
}

/**
 * I5: no token after logout, neither to a caller nor on the wire. I6: no resurrection, and what arrives late is
 * revoked. In memory a session is over as soon as somebody says so; in a tab, then or when it has read so; on a server
 * as soon as the tombstone can be read: whoever asks later, gets nothing.
 */
export function logouts({ report, isIdle, kind, now, renewsToLeave, troubled }: Bench): Monitor {
  const families = new Set<Family>()
  /** By process, and by session: the logins that are over there. */
  const left = new Map<string, Set<Family>>()
  /** Calls that were begun when these were over already. */
  const late = new Map<string, ReadonlySet<Family>>()
  /** Logins that are under way, and where. */
  const begun = new Map<Family, string>()
  /** Records of a login that its own tab has left, which must not stay. */
  const unburied = new Map<Family, Debt>()
  /** Refresh tokens that came too late, and who has to revoke them. */
  const owed = new Map<string, Debt>()
  const everywhere = 'everywhere'
  const leftOf = (by: string): ReadonlySet<Family> =>
    left.get(kind === 'server' ? everywhere : by) ?? new Set()
  const isLeft = (by: string, family: Family) => leftOf(processOf(by)).has(family)
  // Another session of the process may serve what it had until it asks.
  const isOver = ({ family }: Bearer, by: string, call: string) =>
    kind === 'server' ? late.get(call)?.has(family) === true : leftOf(by).has(family)
  const areAllLeft = (by: string) =>
    kind === 'memory' && families.size > 0 && [...families].every((family) => isLeft(by, family))

  /** Whoever owes something can pay no more, or has said that it could not. */
  function forgive(process: string) {
    for (const [token, { by }] of owed) if (processOf(by) === process) owed.delete(token)
  }

  function leave(name: string, over: Iterable<Family>) {
    left.set(name, new Set([...(left.get(name) ?? []), ...over]))
  }

  return {
    on: {
      login({ by, family }) {
        families.add(family)
        begun.set(family, by)
      },
      loggedIn: ({ family }) => void begun.delete(family),
      logout({ by, user }) {
        // In another tab somebody else may have logged in by now, of which this one does not know.
        const over = [...families].filter(
          (family) =>
            kind !== 'tabs' || (begun.has(family) ? begun.get(family) === by : family.user === user),
        )
        leave(processOf(by), over)
        leave(by, over)
      },
      confirmed: ({ family }) => leave(everywhere, [family]),
      called: ({ call }) => void late.set(callName(call), leftOf(processOf(call.by))),
      settled: ({ call }) => void late.delete(callName(call)),
      served({ by, call, family }) {
        if (late.get(callName(call))?.has(family))
          report('I6', `${by} serves the login of ${family.user} after logout`)
      },
      returned({ call, bearer }) {
        if (isOver(bearer, call.by, callName(call)))
          report('I5', `${call.by} gets ${bearer.name} after logout`)
      },
      wired({ by, call, bearer }) {
        if (isOver(bearer, by, call)) report('I5', `${by} sends a request with ${bearer.name} after logout`)
      },
      sent({ send }) {
        if (!renewsToLeave && isLeft(send.by, send.family))
          report('I5', `${send.by} sends ${send.token} after logout`)
      },
      told({ by, notice }) {
        // A login that is newer than the logout tells of itself.
        if (notice.type === 'refreshed' && areAllLeft(by))
          report('I6', `${by} tells of a renewal after logout`)
        if (notice.type === 'warning' && notice.code === 'notRevoked') forgive(processOf(by))
      },
      moved({ by, from, to }) {
        if (from === 'loggedOut' && to !== 'loggedOut' && areAllLeft(by))
          report('I6', `${by} is ${to} again after logout`)
      },
      committed({ by, before, after }) {
        if (before?.isEnded && !after.isEnded && after.epoch <= before.epoch)
          report('I6', `${by} writes ${after.epoch}.${after.version} over a tombstone`)
        const isOf = (stored: Stored | null) => (family: Family) => grantOf(stored?.token).id === family.id
        if (after.isEnded) leave(everywhere, [...families].filter(isOf(before)))
        // What is rejected is over for everybody who reads it.
        const isOver = after.intent?.isRejected === true
        const late = [...families].filter(
          (family) => !isOver && isOf(after)(family) && left.get(by)?.has(family),
        )
        unburied.clear()
        for (const family of late) unburied.set(family, { by, since: now() })
      },
      looked({ by, stored }) {
        if (stored?.isEnded) leave(by, left.get(everywhere) ?? [])
      },
      delivered({ by, family, token }) {
        // A tab whose store fails has not heard of it.
        const isOverThere = left.get(everywhere)?.has(family) && !troubled(family.startedAt, OF_STORE)
        if (isLeft(by, family) || isOverThere) owed.set(token, { by, since: now() })
      },
      revoked: ({ token }) => void owed.delete(token),
      crashed({ by }) {
        // What was not written down by then was not done.
        left.delete(by)
        unburied.clear()
        forgive(by)
      },
      troubled({ what }) {
        // A replica may lack the end of a session; and what a store does not take, nobody can bury there.
        if (what === 'failover') left.delete(everywhere)
        if (what !== 'pause' && what !== 'sleep') unburied.clear()
      },
    },
    atRest() {
      for (const [family, { by, since }] of unburied) {
        if (!isIdle(by, since)) continue
        unburied.delete(family)
        report('I6', `${by} has logged out, and leaves the login of ${family.user} in the store`)
      }
      for (const [token, { by, since }] of owed) {
        if (!isIdle(by, since)) continue
        owed.delete(token)
        report('I6', `${by} has not revoked ${token}, which came after logout`)
      }
    },
    memory: () => [
      ...[...left].map(([process, all]) => ['left', process, [...all].map(({ id }) => id)]),
      // Which call it was does not matter: the open ones are told apart by who makes them.
      ...[...late].map(([call, all]) => ['late', call.split('#')[0], [...all].map(({ id }) => id)]),
      ...[...owed].map(([token, { by }]) => ['owed', token, by]),
      ...[...begun].map(([{ id }, by]) => ['begun', id, by]),
      ...[...unburied].map(([{ id }, { by }]) => ['unburied', id, by]),
    ],
  }
}
