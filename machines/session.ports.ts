import { type AnyActorRef, type EventObject, fromCallback } from 'xstate'
import type { Doubt } from './session.context.ts'
import type { Position } from './session.types.ts'

/** What the actors of the chart are started with: the session that they serve. */
export interface PortInput {
  /** The running machine, which the actor sends its events to. */
  readonly session: AnyActorRef
}

/** What the `refresh` actor is started with. */
export interface RefreshInput extends PortInput, Position {
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** What kind of strategy that is. */
  readonly kind: string
  /** What is known of earlier sends of the refresh token; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** The bearer is gone: without a renewal the session serves nobody. */
  readonly isSpent: boolean
  /** Somebody asks for the attempt, and does not wait for a backoff. */
  readonly isHurried: boolean
  /** Renewals in a row whose bearer was answered 401, the one at hand included. */
  readonly rejections: number
}

const missing = (port: string) => () => {
  throw new Error(`The port "${port}" of the session machine is not provided: use sessionMachine.provide(…)`)
}

/**
 * Runs one refresh for `input` and sends back one of `session.renewed`, `refresh.refused`, `refresh.unknown`,
 * `refresh.rejected` or `refresh.unsupported`, with the epoch and version of `input`.
 */
export const refreshPort = fromCallback<EventObject, RefreshInput>(missing('refresh'))

/** Lives as long as the machine: arms a timer for `nextDeadline` of each snapshot, and sends `time.checked` when due. */
export const alarmPort = fromCallback<EventObject, PortInput>(missing('alarm'))

/**
 * Lives as long as the machine, and is started with it each time: attaches what holds the tokens, and sends
 * `session.restored` where nothing holds those of the snapshot. Does nothing unless it is provided.
 */
export const runtimePort = fromCallback<EventObject, PortInput>(() => {})

/** An action. Looks whether a peer has a newer version, and sends `session.renewed` if so. */
export const rereadPort = missing('reread')
