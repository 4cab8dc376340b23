import type { SnapshotFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import type { LoggedOutReason } from '../../machines/session.types.ts'
import type { SessionActorRef } from './session.ts'

export type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

/** The last snapshot of a chart, and the state that a session makes of it: the same object until something changes. */
export function createReading(actorRef: SessionActorRef) {
  let snapshot = actorRef.getSnapshot()
  let state = selectSession(snapshot)
  let takes = 0
  let initial: SessionState | undefined
  const show = (selected: SessionState) => {
    if (!isSame(state, selected)) state = selected
  }
  // What a session begins with is settled before the next microtask.
  queueMicrotask(() => {
    initial = state
  })
  return {
    snapshot: () => snapshot,
    state: () => state,
    /** What the session was created as, with whatever it was given: no answer that came later is in it. */
    initial: () => initial ?? state,
    /** How often the chart was read: also after an event that it ignored. */
    takes: () => takes,
    /** Reads `next`. Answers the state before, or `undefined` where it is the snapshot that was read last. */
    take(next: MachineSnapshot): SessionState | undefined {
      takes++
      if (next === snapshot) return undefined
      const previous = state
      snapshot = next
      show(selectSession(next))
      return previous
    },
    /** The session ended while its actor was stopped: the chart will hear of that when it is started again. */
    end(reason: LoggedOutReason) {
      const { epoch, version } = state
      show({
        state: 'loggedOut',
        isAuthenticated: false,
        isUsable: false,
        shouldOfferLogin: false,
        isPending: false,
        user: null,
        provider: '',
        reason,
        epoch,
        version,
      })
    },
  }
}

export type Reading = ReturnType<typeof createReading>

function isSame(a: SessionState, b: SessionState): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof SessionState)[]
  return keys.every((key) => a[key] === b[key])
}
