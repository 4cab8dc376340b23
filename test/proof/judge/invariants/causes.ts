import { MAX_ANSWERS } from '../againstResend.ts'
import type { Family, HistoryEvent, Send, Trouble } from '../history.ts'
import type { Bench, Monitor } from '../judge.ts'
import { OF_STORE, TAKEN, UNKEPT } from '../leeway.ts'
import { INTENT_MARGIN_MS } from './sends.ts'

/** The last excuse for a lost session: its token was consumed, and nothing shows that it was for this. */
export const FAILED = 'its process or store failed'
/** LibreChat says the same of an outage of its provider and of a dead token, and a session ends by it. */
export const ANSWERED = 'the backend answered REFRESH_FAILED four times, as in an outage of its provider'

const ANY: readonly Trouble[] = [...TAKEN, ...UNKEPT]

/** Why nobody has the successor of a token. */
function lostByOf(sends: readonly Send[]): string | undefined {
  const answered = sends.filter(({ result }) => result === 'answered')
  const isOutage = answered.length >= MAX_ANSWERS && answered.every(({ isOfOutage }) => isOfOutage)
  const taken = sends.find(({ lostBy }) => lostBy)?.lostBy
  return taken ?? (isOutage ? 'its provider was out of order at each send' : undefined)
}

/** It came after another send that may have been processed, and was not taken for the first. */
const isRepeated = ({ result }: Send, index: number) => index > 0 && result !== 'rotated' && result !== 'kept'

/** What took the token that a session ended with, or an older one whose second send ended all of them. */
function takenFrom(own: readonly Send[]): string | undefined {
  const tokens = Map.groupBy(
    own.filter(({ result }) => result !== 'refused'),
    ({ token }) => token,
  )
  const [newest = '', ...older] = new Set(own.toReversed().map(({ token }) => token))
  const last = tokens.get(newest) ?? []
  // Only the backend ends a session: by a clear no, or by as many doubtful answers as the policy takes.
  const answers = last.filter(({ result }) => result === 'answered').length
  if (answers < MAX_ANSWERS && !last.some(({ result }) => result === 'rejected')) return undefined
  const twice = older.map((token) => tokens.get(token) ?? []).find((sends) => sends.some(isRepeated))
  return lostByOf(last) ?? (twice && lostByOf(twice))
}

type Lost = HistoryEvent & { readonly type: 'lost' }

/**
 * I14: a session that its user finds gone has a cause that happened. Of a provider that rejects no token without one, this
 * asks more than that somebody has rejected it.
 */
export function causes(bench: Bench): Monitor {
  const { report, explain, now, resend, hasIntents, leeway, troubled, limits, hasCauses } = bench
  const sends = new WeakMap<Family, readonly Send[]>()
  const isPast = (at: number, from: number) => now() >= at - leeway.slackMs(from)

  function ofIdle(seenAt: number): string | false {
    return limits !== undefined && isPast(seenAt + limits.idleTimeoutMs, seenAt) && 'idle for too long'
  }

  function ofRefresh(family: Family | undefined, own: readonly Send[]): string | false | undefined {
    if (hasCauses) return takenFrom(own)
    const since = family?.startedAt ?? 0
    if (family?.endedBy === 'admin') return 'revoked at the provider'
    // A store that failed told nobody else of the logout; the backend did.
    if (family?.endedBy === 'logout' && family.isLeaving) return 'its user left'
    if (resend !== 'afterBearerEnds' && own.length > 0) return 'its policy permits no further send'
    if (own.some(({ isSpent, result }) => isSpent && result !== 'rotated'))
      return 'the provider rejected a token that it had consumed'
    if (own.filter(({ result }) => result === 'answered').length >= MAX_ANSWERS) return ANSWERED
    if (hasIntents && leeway.slackMs(since) > INTENT_MARGIN_MS)
      return 'the clocks of its processes were further apart than is permitted'
    // What the backend did not answer, or a store lost, ends nothing unless a token is gone with it.
    if (!own.some(({ index }) => index < (family?.index ?? 0))) return undefined
    const unkept = troubled(since, ANY)
    return unkept && `${FAILED} (${unkept})`
  }

  function explained({ family, reason, seenAt }: Lost): string | false | undefined {
    const since = family?.startedAt ?? 0
    const own = (family && sends.get(family)) ?? []
    const was = (result: Send['result']) => own.some((send) => send.result === result)
    const left = family?.isLeaving && 'its user left'
    const revoked = was('rejected') && 'access revoked'
    const gone = was('unsupported') && 'the route was gone'
    switch (reason) {
      case 'idle':
        // Who was asked to extend it, and did not.
        if (
          limits?.isPrompted &&
          family?.bearers.slice(-8).some(({ endsAt, mintedAt }) => isPast(endsAt, mintedAt))
        )
          return 'nobody extended it'
        // A server notes a user at work in the record, and what it could not write it has not seen.
        return (
          ofIdle(seenAt) ||
          (hasIntents && troubled(seenAt, OF_STORE) && 'idle for too long, as far as could be written down')
        )
      case '':
        if (hasCauses) return family?.takenBy
        // A store forgets what has been at rest for so long.
        return (
          ofIdle(seenAt) || left || gone || revoked || (troubled(since, TAKEN) && 'its record was taken away')
        )
      case 'absoluteLifetime':
        return isPast(since + (limits?.absoluteLifetimeMs ?? Infinity), since) && 'absolute lifetime'
      case 'accessRevoked':
        return revoked
      case 'refreshUnsupported':
        return gone
      case 'elsewhere':
        // Ended by another process while this one had it awake.
        return ofIdle(seenAt) || left
      case 'user':
        // Of a request that was given up: it was done all the same.
        return left
      case 'refreshRejected':
      case 'refreshOutcomeUnknown':
        return ofRefresh(family, own)
      default:
        return undefined
    }
  }

  return {
    on: {
      sent({ send }) {
        // What was refused explains nothing, and there may be many of them.
        const own = (sends.get(send.family) ?? []).filter(({ result }) => result !== 'refused')
        if (hasCauses) return void sends.set(send.family, [...own, send])
        // One that spent its token explains an end long after it.
        const spent = own.filter(({ isSpent, result }) => isSpent && result !== 'rotated')
        sends.set(send.family, [...new Set([...spent.slice(-8), ...own.slice(-7), send])])
      },
      lost(event) {
        const cause = explained(event)
        if (cause) explain(cause)
        else report('I14', `the session is lost (${event.reason || 'no reason'}), and nothing explains it`)
      },
    },
    memory: () => [],
  }
}
