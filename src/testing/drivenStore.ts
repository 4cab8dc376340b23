import type { LoggedOutReason } from '../../machines/session.types.ts'
import { isTombstone, toTombstone } from '../session/records.ts'
import type { SessionStore, StoredSession } from '../stores/store.ts'

/** A store in memory whose first look waits until it is let, and in which peers are at work. */
export function drivenStore() {
  let stored: StoredSession | null = null
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let isFirst = true
  let renewals = 0
  /** What the backend takes for the next refresh, as far as it has come here. */
  let known: string | undefined
  const tokenOf = (of: StoredSession | null) => (of && !isTombstone(of) ? of.refreshToken : undefined)
  const store: SessionStore = {
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
    /** A peer logs out. */
    end(reason: LoggedOutReason) {
      if (stored && !isTombstone(stored)) stored = toTombstone(stored, reason)
    },
    refreshToken: () => known,
    /** A peer has this token, which the session may not have. */
    grant(refreshToken: string | null | undefined) {
      known = refreshToken ?? undefined
    },
    /** A peer renews; without a bearer where `lifeMs` is 0, and where `isLast` without a refresh token. */
    renew(lifeMs: number, wall: number, isLast: boolean) {
      if (!stored || isTombstone(stored)) return
      const { refreshToken: _, bearerVersion = stored.version, ...rest } = stored
      renewals += 1
      const brought = { bearer: `peer-bearer-${renewals}`, endsAt: wall + lifeMs, lifeMs }
      stored = {
        ...rest,
        version: stored.version + 1,
        ...(!isLast && known && { refreshToken: known }),
        // Without a bearer the old one stays.
        ...(lifeMs > 0 ? brought : { bearerVersion }),
      }
    },
  }
}
