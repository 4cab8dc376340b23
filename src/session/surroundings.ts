import type { SessionEvent } from '../../machines/session.events.ts'
import { ACTIVE_MS } from '../base/durations.ts'
import type { SessionSignal } from './notice.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import type { SharedRecord } from './sharedRecord.ts'
import { startSignals } from './startSignals.ts'

interface SurroundingsOptions {
  readonly settings: Settings
  readonly shared: SharedRecord | undefined
  readonly reading: Reading
  now(): number
  isRunning(): boolean
  /** The user logged out in another page, and there is nobody to ask. */
  endElsewhere(): Promise<void>
  send(event: SessionEvent): void
}

/** Handles the signals from a session's surroundings, and reads what peers have changed. */
export function createSurroundings(options: SurroundingsOptions) {
  const { settings, shared, reading, now, isRunning, send } = options
  const chart = { state: reading.state, isRunning }
  /** The last sign of user activity. */
  let seenAt = -Infinity
  let stop = () => {}
  /** The look for a session, until it is known whether there is one. */
  let restoring: Promise<void> | undefined

  /** Resolves when the effect on the session is known. */
  async function onSignal(signal: SessionSignal): Promise<void> {
    const at = now()
    send({ type: 'time.checked', at })
    if (signal === 'networkRestored') send({ type: 'network.restored', at })
    if (signal === 'woke') return shared?.look(chart)
    // Without a store there is nobody to ask whether that is true.
    if (signal === 'loggedOut') return shared ? shared.look(chart) : options.endElsewhere()
    if (signal !== 'userActive' && signal !== 'userIdle') return
    const idle = signal === 'userIdle'
    seenAt = idle ? -Infinity : at
    send({ type: 'user.changed', idle, at })
  }

  return {
    isUserActive: () => now() - seenAt < ACTIVE_MS,
    userSeen() {
      seenAt = now()
    },
    restoring: () => restoring,
    /** Begins to listen, and reads what has changed meanwhile. */
    attach() {
      stop = startSignals(settings, onSignal)
      restoring = shared?.look(chart)
    },
    detach() {
      shared?.stopLooking()
      stop()
      stop = () => {}
    },
  }
}
