'use client'
import { useEffect, useRef, useState } from 'react'
import { isDevelopment } from '#development'
import type { UserIdentity } from '../../machines/session.types.ts'
import { assertHas } from '../base/assertHas.ts'
import { Misconfigured } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'

type AnySession = BaseSession<UserIdentity>
type Make = () => AnySession

/** React does not report an abandoned render. Its session is disposed after this time. */
const UNMOUNTED_MS = 30_000

/** The given session, or one that is made here and lives while the component is mounted. */
export function useOwnedSession(given: AnySession | Make): AnySession {
  const [owned, setOwned] = useState(() => (typeof given === 'function' ? own(given()) : undefined))
  // It may be written inline, and a new function is no new session.
  const latest = useRef(given)

  useEffect(() => {
    latest.current = given
  })
  useEffect(() => {
    if (!owned) return
    if (owned.keep()) return owned.release
    owned.heir ??= own((latest.current as Make)())
    const { session } = owned.heir
    // Its input may be out of date.
    if ('look' in session) void (session.look as () => Promise<void>)()
    setOwned(owned.heir)
  }, [owned])

  if (owned) return owned.session
  if (isDevelopment && typeof given === 'function')
    throw new Misconfigured(
      'The prop `session` of SessionProvider was a session, and is a function now. Give the provider another `key` to change that.',
    )
  assertHas(
    given,
    ['getInitialSnapshot', 'subscribe'],
    'The prop `session` of SessionProvider',
    'a session, what createSession or createBffSession returns, or a function that makes one',
  )
  return given as AnySession
}

interface Owned {
  readonly session: AnySession
  /** The component has mounted. `false`: too late, the session is disposed. */
  keep(): boolean
  /** The component has unmounted, or is hidden. StrictMode mounts it again at once. */
  release(): void
  /** The session that replaces a disposed one. */
  heir?: Owned
}

function own(session: AnySession): Owned {
  let isDisposed = false
  let disarm = () => {}

  function disposeIn(delayMs: number) {
    disarm()
    disarm = session.clock.setTimer(
      () => {
        isDisposed = true
        session.dispose()
      },
      delayMs,
      'background',
    )
  }
  disposeIn(UNMOUNTED_MS)

  return {
    session,
    keep() {
      disarm()
      return !isDisposed
    },
    release: () => disposeIn(0),
  }
}
