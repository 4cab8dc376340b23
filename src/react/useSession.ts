'use client'
import { type RefObject, useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import { useProvided } from './provided.ts'

type State = SessionState<UserIdentity>

const whole = (state: State) => state

/**
 * The state of the session, or the result of `select` for it. It renders again only when the selection changes: by
 * identity, or, for plain objects and arrays, member by member. On a server and during hydration `expiresAt`, `retryAt`
 * and `idleEndsAt` are absent. `select` may be written inline. `User`: the output of the schema of the session's option
 * `user`. Throws `Misconfigured` outside of a `SessionProvider`.
 *
 * @example
 * const isLate = useSession((state) => state.state === 'nearingExpiry')
 * const roles = useSession((state: SessionState<User>) => state.user?.roles ?? [])
 */
export function useSession<User extends UserIdentity = SessionUser>(): SessionState<User>
export function useSession<Selected, User extends UserIdentity = SessionUser>(
  select: (state: SessionState<User>) => Selected,
): Selected
export function useSession(select: (state: never) => unknown = whole): unknown {
  const { session, rendered } = useProvided()
  // This is not `useSelector` of @xstate/react, for three reasons: it hydrates with the present state, but the server
  // has rendered an older one; it reacts to every event of the chart, and not once for each change; and it weighs 1.1
  // kB more.
  const shown = useRef<unknown>(undefined)
  const read = useMemo(() => createReader(select as typeof whole, shown), [select])
  const selected = useSyncExternalStore(
    session.subscribe,
    () => read(session.getSnapshot()),
    () => read(rendered),
  )
  useEffect(() => {
    shown.current = selected
  })
  return selected
}

/** The same selection for the same state, and the previous one if nothing of it has changed. */
function createReader(select: (state: SessionState) => unknown, shown: RefObject<unknown>) {
  let seen: SessionState | undefined
  let selection: unknown
  return (state: SessionState): unknown => {
    if (state === seen) return selection
    const before = seen ? selection : shown.current
    const next = select(state)
    seen = state
    selection = isEqual(before, next) ? before : next
    return selection
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const members = Object.entries(a)
  return (
    members.length === Object.keys(b).length &&
    members.every(([key, value]) => key in b && Object.is(value, b[key]))
  )
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  Array.isArray(value) || (value != null && Object.getPrototypeOf(value) === Object.prototype)
