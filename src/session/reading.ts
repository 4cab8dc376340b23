import type { SnapshotFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import type { SessionActorRef } from './session.ts'

export type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

/** The last snapshot of a chart, and the session's state of it: the same object until something changes. */
export function createReading(actorRef: SessionActorRef) {
  let snapshot = actorRef.getSnapshot()
  let state = selectSession(snapshot)
  let takes = 0
  let initial: SessionState | undefined
  const show = (selected: SessionState) => {
    if (!isSame(state, selected)) state = selected
  }
  // The initial state is settled before the next microtask.
  queueMicrotask(() => {
    initial = state
  })
  return {
    snapshot: () => snapshot,
    state: () => state,
    /** The state at the creation of the session. Later answers do not change it. */
    initial: () => initial ?? state,
    /** The number of reads of the chart, also after events that it ignored. */
    takes: () => takes,
    /** Reads `next`. Returns the state before, or `undefined` if it is the snapshot of the last read. */
    take(next: MachineSnapshot): SessionState | undefined {
      takes++
      if (next === snapshot) return undefined
      const previous = state
      snapshot = next
      show(selectSession(next))
      return previous
    },
    /** Shows another state until the next snapshot of the chart. */
    show,
  }
}

export type Reading = ReturnType<typeof createReading>

function isSame(a: SessionState, b: SessionState): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof SessionState)[]
  return keys.every((key) => a[key] === b[key])
}
