import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import type { SessionNotice } from '../../src/session/notice.ts'
import type { Calls } from './calls.ts'
import type { Court } from './court.ts'
import type { Bearer, Family } from './provider.ts'
import { INTENT_MARGIN_MS, type Send } from './sends.ts'
import type { Caller } from './wire.ts'

const TOLD = ['refreshed', 'expired', 'loggedOut', 'nearingExpiry', 'refreshDeferred']
const REVOKE_MS = 120_000
/** The last excuse for a lost session: its token was consumed, and nothing shows that it was for this. */
export const UNKEPT = 'its process or store failed'
/** LibreChat says the same of an outage of its provider and of a dead token, and a session ends by it. */
export const ANSWERED = 'the backend answered REFRESH_FAILED four times, as in an outage of its provider'

/** I6, I14 and I18: how sessions end, and what is told of them. */
export function createEnds(court: Court, { hasLeft }: Pick<Calls, 'hasLeft'>) {
  const { time, rulesOf, slackOf, violate } = court
  /** What each tab was told, and when: the last few of each kind. */
  const told = new Map<string, { readonly keys: Map<string, number>; over: number }>()
  /** Tokens that came after a logout, and until when somebody has to try to revoke them. */
  const orphans = new Map<
    Family,
    { readonly until: number; readonly place: Caller['place']; readonly seat: number }
  >()
  const lost: Record<string, number> = {}
  const lastSends = new WeakMap<Family, Send[]>()

  function explained(
    seat: number,
    family: Family | undefined,
    reason: string,
    seenAt: number,
  ): string | false | undefined {
    const rules = rulesOf(seat)
    const since = family?.startedAt ?? 0
    const unkept = court.troubled(seat, since, [
      'crash',
      'pause',
      'failover',
      'emptied',
      'storeFails',
      'storeSlow',
      'ackLost',
    ])
    const own = family ? (lastSends.get(family) ?? []) : []
    const isPast = (at: number, from: number) => time.now() >= at - slackOf(seat, from)
    switch (reason) {
      case 'idle':
        // Who was asked to extend it, and did not.
        if (
          rules.policy === 'prompt' &&
          family?.recent.some(({ endsAt, mintedAt }) => isPast(endsAt, mintedAt))
        )
          return 'nobody extended it'
        if (isPast(seenAt + rules.idleTimeoutMs, seenAt)) return 'idle for too long'
        // A server notes a user at work in the record, and what it could not write it has not seen.
        return (
          rules.hasIntents &&
          court.troubled(seat, seenAt, ['storeFails', 'storeSlow', 'ackLost']) &&
          'idle for too long, as far as could be written down'
        )
      case '':
        // A store forgets what has been at rest for so long.
        if (isPast(seenAt + rules.idleTimeoutMs, seenAt)) return 'idle for too long'
        if (family?.isLeaving) return 'its user left'
        if (own.some(({ fate }) => fate === 'unsupported')) return 'the route was gone'
        if (own.some(({ fate }) => fate === 'rejected')) return 'access revoked'
        return court.troubled(seat, since, ['emptied', 'failover']) && 'its record was taken away'
      case 'absoluteLifetime':
        return isPast(since + rules.absoluteLifetimeMs, since) ? 'absolute lifetime' : undefined
      case 'accessRevoked':
        return own.some(({ fate }) => fate === 'rejected') ? 'access revoked' : undefined
      case 'refreshUnsupported':
        return own.some(({ fate }) => fate === 'unsupported') ? 'the route was gone' : undefined
      case 'elsewhere':
        // Ended by another process while this one had it awake.
        if (isPast(seenAt + rules.idleTimeoutMs, seenAt)) return 'idle for too long'
        return family?.isLeaving ? 'its user left' : undefined
      case 'user':
        // Of a request that was given up: it was done all the same.
        return family?.isLeaving ? 'its user left' : undefined
      case 'notRefreshable':
        return undefined
      case 'refreshRejected':
      case 'refreshOutcomeUnknown': {
        if (family?.revoked === 'admin') return 'revoked at the provider'
        // A store that failed told nobody else of the logout; the backend did.
        if (family?.revoked === 'logout' && hasLeft(family)) return 'its user left'
        if (rules.resend !== 'afterBearerEnds' && own.length > 0) return 'its policy permits no further send'
        if (own.some(({ fate, isProcessed }) => isProcessed && fate !== 'delivered'))
          return 'the provider rejected a token that it had consumed'
        if (own.filter(({ fate }) => fate === 'ambiguous').length >= 4) return ANSWERED
        if (rules.hasIntents && slackOf(seat, since) > INTENT_MARGIN_MS)
          return 'the clocks of its processes were further apart than is permitted'
        // What the backend did not answer, or a store lost, ends nothing unless a token is gone with it.
        if (!own.some(({ index }) => index < (family?.index ?? 0))) return undefined
        return unkept && `${UNKEPT} (${unkept})`
      }
      default:
        return undefined
    }
  }

  return {
    lost,
    sent(send: Send): void {
      // What was refused explains nothing, and there may be many of them.
      const own = (lastSends.get(send.family) ?? []).filter(({ fate }) => fate !== 'refused')
      // One that spent its token explains an end long after it.
      const spent = own.filter(({ isProcessed, fate }) => isProcessed && fate !== 'delivered')
      lastSends.set(send.family, [...new Set([...spent.slice(-8), ...own.slice(-7), send])])
    },
    expired(
      seat: number,
      family: Family | undefined,
      reason: ExpiredReason | LoggedOutReason | '',
      seenAt: number,
    ): void {
      const why = explained(seat, family, reason, seenAt)
      if (why) lost[why] = (lost[why] ?? 0) + 1
      else violate('I14', seat, `the session is lost (${reason || 'no reason'}), and nothing explains it`)
    },
    notice(caller: Caller, { type, epoch, version, ...rest }: SessionNotice): void {
      const { seat, place, tab } = caller
      if (type === 'warning' && 'code' in rest && rest.code === 'persistFailed')
        court.trouble(seat, 'persistFailed')
      if (type === 'warning' && 'code' in rest && rest.code === 'notRevoked')
        for (const [family, orphan] of orphans) if (orphan.seat === seat) orphans.delete(family)
      if (!TOLD.includes(type)) return
      const name = `${place.name} ${tab}`
      // At rest a server's session is its record, and nothing else: it wakes with this, and tells its end anew.
      if (type === 'nearingExpiry' && rulesOf(seat).hasIntents)
        for (const key of told.get(name)?.keys.keys() ?? [])
          if (!key.startsWith('refreshed')) told.get(name)?.keys.delete(key)
      const own = told.get(name) ?? { keys: new Map<string, number>(), over: 0 }
      told.set(name, own)
      if (own.over === epoch && epoch > 0 && type !== 'loggedOut')
        violate('I18', seat, `tab ${tab} tells "${type}" of epoch ${epoch} after its logout`)
      if (type === 'loggedOut') own.over = epoch
      if (!['refreshed', 'expired', 'loggedOut'].includes(type)) return
      const key = type === 'loggedOut' ? `${type} ${epoch}` : `${type} ${epoch}.${version}`
      // A store that fell back gives the same number to another renewal.
      const isTold = !court.troubled(seat, own.keys.get(key) ?? Infinity, ['failover'])
      if (own.keys.has(key) && isTold && !(type === 'loggedOut' && epoch === 0))
        violate('I18', seat, `tab ${tab} tells "${key}" twice`)
      own.keys.set(key, time.now())
      if (own.keys.size > 40) own.keys.delete(own.keys.keys().next().value as string)
    },
    /** A renewal has reached its sender, whose session was over by then. */
    orphaned({ family, seat, place }: Send, bearer: Bearer): void {
      if (rulesOf(seat).isRevocable && bearer.family === family)
        orphans.set(family, { until: time.now() + REVOKE_MS, place, seat })
    },
    /** Somebody asks the backend to end this grant. */
    revoking(family: Family): void {
      orphans.delete(family)
    },
    judgeOrphans(): void {
      for (const [family, { until, place, seat }] of orphans) {
        if (time.now() < until) continue
        orphans.delete(family)
        if (place.isAlive() && !court.troubled(seat, until - REVOKE_MS, ['pause', 'sleep']))
          violate('I6', seat, `what grant ${family.id} brought after its logout was not revoked`)
      }
    },
    died(name: string): void {
      for (const key of told.keys()) if (key.startsWith(`${name} `)) told.delete(key)
    },
  }
}

export type Ends = ReturnType<typeof createEnds>
