'use client'
import { createElement, type ReactElement, type ReactNode, useMemo } from 'react'
import type { UserIdentity } from '../../machines/session.types.ts'
import type { BaseSession } from '../session/session.ts'
import { createCountdown } from './countdown.ts'
import { type Provided, ProvidedContext } from './provided.ts'
import type { ReasonTexts } from './reasonTexts.ts'
import { ReasonTextsContext } from './reasonTextsContext.ts'

/** The session, and in which words its end is told. */
export interface SessionProviderProps {
  /** The session, made outside of React: one for a page, and on a server one for each request. */
  readonly session: BaseSession<UserIdentity>
  /**
   * Your texts for the reasons why there is no session.
   * @default the English `reasonTexts`, also for every reason that is left out
   */
  readonly reasonTexts?: Partial<ReasonTexts>
  /** What uses the session. */
  readonly children?: ReactNode
}

/**
 * Gives a session to the hooks below. It neither starts nor disposes it, and renders nothing of its own. On a server, and
 * while its page is hydrated, the hooks read the session as the provider first saw it.
 *
 * @example
 * return (
 *   <SessionProvider session={session}>
 *     <Settings />
 *   </SessionProvider>
 * )
 */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { session, reasonTexts = {}, children } = props
  const provided = useMemo(() => provide(session), [session])
  return createElement(
    ProvidedContext.Provider,
    { value: provided },
    createElement(ReasonTextsContext.Provider, { value: reasonTexts }, children),
  )
}

function provide(session: BaseSession<UserIdentity>): Provided {
  const { expiresAt, retryAt, idleEndsAt, ...rendered } = session.getSnapshot()
  return {
    session,
    rendered,
    countdown: createCountdown(session, 'expiresAt'),
    idleCountdown: createCountdown(session, 'idleEndsAt'),
  }
}
