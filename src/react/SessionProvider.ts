'use client'
import { createElement, type ReactElement, type ReactNode, useMemo } from 'react'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { createCountdown } from './countdown.ts'
import { type Provided, ProvidedContext } from './provided.ts'
import type { ReasonTexts } from './reasonTexts.ts'
import { ReasonTextsContext } from './reasonTextsContext.ts'
import { useOwnedSession } from './useOwnedSession.ts'

/** The session, and in which words its end is told. */
export interface SessionProviderProps {
  /**
   * The session, made outside of React: one for a page, and on a server one for each request. Or a function that makes it,
   * like the one of `useState`: called when the provider is first rendered, and what it made is disposed after the provider
   * is gone. Shown again by `<Activity>`, the provider makes another one, which asks its server who is logged in by now.
   */
  readonly session: BaseSession<UserIdentity> | (() => BaseSession<UserIdentity>)
  /**
   * Your texts for the reasons why there is no session.
   * @default the English `reasonTexts`, also for every reason that is left out
   */
  readonly reasonTexts?: Partial<ReasonTexts>
  /** What uses the session. */
  readonly children?: ReactNode
}

/**
 * Gives a session to the hooks below, and renders nothing of its own. A session that it is given it neither starts nor
 * disposes. On a server, and while its page is hydrated, the hooks read the state that the session was created in.
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
  const { expiresAt, retryAt, idleEndsAt, ...rendered } = session.getInitialSnapshot()
  return {
    session,
    rendered,
    countdown: createCountdown(session, 'expiresAt'),
    idleCountdown: createCountdown(session, 'idleEndsAt'),
  }
}
