import { type AnyActorRef, type EventObject, fromCallback } from 'xstate'
import type { Doubt } from './session.context.ts'
import type { Position } from './session.types.ts'

/** The input of the chart's actors: their session. */
export interface PortInput {
  /** The running machine, which gets the actor's events. */
  readonly session: AnyActorRef
}

/** The input of the `refresh` actor. */
export interface RefreshInput extends PortInput, Position {
  /** The key of the strategy that refreshes. */
  readonly provider: string
  /** The kind of that strategy. */
  readonly kind: string
  /** The earlier sends of the refresh token; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** The bearer is gone: without a renewal the session can serve nobody. */
  readonly isSpent: boolean
  /** Somebody asks for the attempt and does not wait for a backoff. */
  readonly isHurried: boolean
  /** The number of renewals in a row whose bearer got a 401, the present one included. */
  readonly rejections: number
}

const missing = (port: string) => () => {
  throw new Error(`The port "${port}" is missing: use sessionMachine.provide(…)`)
}

/**
 * Runs one refresh for `input` and sends back one of `session.renewed`, `refresh.refused`, `refresh.unknown`,
 * `refresh.rejected` or `refresh.unsupported`, with the epoch and version of `input`.
 */
export const refreshPort = fromCallback<EventObject, RefreshInput>(missing('refresh'))

/** Lives as long as the machine: arms a timer for `nextDeadline` of each snapshot, and sends `time.checked` when due. */
export const alarmPort = fromCallback<EventObject, PortInput>(missing('alarm'))

/**
 * Lives as long as the machine, and starts with it each time. It attaches the runtime that holds the tokens, and sends
 * `session.restored` if no runtime holds those of the snapshot. It does nothing unless it is provided.
 */
export const runtimePort = fromCallback<EventObject, PortInput>(() => {})

/** An action. Reads whether a peer has a newer version, and sends `session.renewed` if so. */
export const rereadPort = missing('reread')
