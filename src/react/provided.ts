'use client'
import { createContext, useContext } from 'react'
import { isDevelopment } from '#development'
import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'
import type { Countdown } from './countdown.ts'

/** The context of a `SessionProvider` for the hooks below it. The same object as long as its session is the same. */
export interface Provided {
  readonly session: BaseSession<UserIdentity>
  /** The state for a server's render and for hydration. It has no instants, because no two clocks agree. */
  readonly rendered: SessionState<UserIdentity>
  /** The time until the bearer ends. */
  readonly expiresAt: Countdown
  /** The time until the session ends if the user stays inactive. */
  readonly idleEndsAt: Countdown
}

export const ProvidedContext = createContext<Provided | null>(null)

export function useProvided(): Provided {
  const provided = useContext(ProvidedContext)
  if (!provided)
    throw new Misconfigured(
      `There is no <SessionProvider>${isDevelopment ? ' above this component: render it inside of one' : ''}.`,
    )
  return provided
}
