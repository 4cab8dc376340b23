'use client'
import { createContext, useContext } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import type { UserIdentity } from '../../machines/session.types.ts'
import { Misconfigured } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'
import type { Countdown } from './countdown.ts'

/** What a `SessionProvider` gives to the hooks below it. The same object as long as its session is the same. */
export interface Provided {
  readonly session: BaseSession<UserIdentity>
  /** What a server renders, and what its page is hydrated with: a state without instants, which no two clocks share. */
  readonly rendered: SessionState<UserIdentity>
  /** Until the bearer ends. */
  readonly countdown: Countdown
  /** Until the session ends if the user stays away. */
  readonly idleCountdown: Countdown
}

export const ProvidedContext = createContext<Provided | null>(null)

export function useProvided(): Provided {
  const provided = useContext(ProvidedContext)
  if (!provided)
    throw new Misconfigured('There is no session: render this component inside a <SessionProvider>.')
  return provided
}
