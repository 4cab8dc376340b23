import type { LoggedOutReason } from '../../machines/session.types.ts'
import { isTombstone, toTombstone } from '../session/records.ts'
import { shareRecord } from '../session/sharedRecord.ts'
import type { SessionStore, StoredSession } from '../stores/store.ts'

/** A store in memory. Its first read waits until `open`, and the driver changes it as a peer would. */
export function drivenStore() {
  let stored: StoredSession | null = null
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let isFirst = true
  let renewals = 0
  /** The refresh token that the backend accepts next, if this store has seen it. */
  let known: string | undefined
  const tokenOf = (of: StoredSession | null) => (of && !isTombstone(of) ? of.refreshToken : undefined)
  const store: SessionStore = {
    share: shareRecord,
    async read() {
      const waits = isFirst
      isFirst = false
      if (waits) await opened
      return stored
    },
    async compareAndSet(expected, next) {
      if (stored?.epoch !== expected?.epoch || stored?.version !== expected?.version) return false
      stored = next
      known = tokenOf(next) ?? known
      return true
    },
  }
  return {
    ...store,
    open: () => open(),
    /** Logs out as a peer. */
    end(reason: LoggedOutReason) {
      if (stored && !isTombstone(stored)) stored = toTombstone(stored, reason)
    },
    refreshToken: () => known,
    /** Gives a peer this token, which the session may not have. */
    grant(refreshToken: string | null | undefined) {
      known = refreshToken ?? undefined
    },
    /** Renews as a peer. With `lifeMs` 0 there is no bearer, and with `isLast` there is no refresh token. */
    renew(lifeMs: number, wall: number, isLast: boolean) {
      if (!stored || isTombstone(stored)) return
      const { refreshToken: _, bearerVersion = stored.version, ...rest } = stored
      renewals += 1
      const brought = { bearer: `peer-bearer-${renewals}`, endsAt: wall + lifeMs, lifeMs }
      stored = {
        ...rest,
        version: stored.version + 1,
        ...(!isLast && known && { refreshToken: known }),
        // A renewal without a bearer keeps the old one.
        ...(lifeMs > 0 ? brought : { bearerVersion }),
      }
    },
  }
}
