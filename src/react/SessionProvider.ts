'use client'
import { createElement, type ReactElement, type ReactNode, useMemo } from 'react'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { createCountdown } from './countdown.ts'
import { type Provided, ProvidedContext } from './provided.ts'
import type { ReasonTexts } from './reasonTexts.ts'
import { ReasonTextsContext } from './reasonTextsContext.ts'
import { useOwnedSession } from './useOwnedSession.ts'

/** The session, and the texts for its end. */
export interface SessionProviderProps {
  /**
   * The session, made outside of React: one for a page, and on a server one for each request. Or a function that makes
   * it, like the one of `useState`: it is called at the first render of the provider, and its session is disposed after
   * the provider has unmounted. When `<Activity>` shows the provider again, it makes another session, which asks its
   * server who is logged in.
   */
  readonly session: BaseSession<UserIdentity> | (() => BaseSession<UserIdentity>)
  /**
   * Your texts for the reasons why there is no session.
   * @default the English `reasonTexts`, also for every missing reason
   */
  readonly reasonTexts?: Partial<ReasonTexts>
  /** The components that use the session. */
  readonly children?: ReactNode
}

/**
 * Gives a session to the hooks below, and renders nothing itself. It neither starts nor disposes a session that it was
 * given. On a server, and during hydration, the hooks read the state at the creation of the session.
 *
 * @example
 * return (
 *   <SessionProvider session={session}>
 *     <Settings />
 *   </SessionProvider>
 * )
 */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { reasonTexts = {}, children } = props
  const session = useOwnedSession(props.session)
  const provided = useMemo(() => provide(session), [session])
  return createElement(
    ProvidedContext.Provider,
    { value: provided },
    createElement(ReasonTextsContext.Provider, { value: reasonTexts }, children),
  )
}

function provide(session: BaseSession<UserIdentity>): Provided {
  const { expiresAt: _, retryAt: __, idleEndsAt: ___, ...rendered } = session.getInitialSnapshot()
  return {
    session,
    rendered,
    expiresAt: createCountdown(session, 'expiresAt'),
    idleEndsAt: createCountdown(session, 'idleEndsAt'),
  }
}
