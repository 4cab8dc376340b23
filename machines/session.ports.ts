import { type EventObject, fromCallback } from 'xstate'
import type { PortInput, RefreshInput } from './session.types.ts'

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
