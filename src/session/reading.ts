import type { SnapshotFrom } from 'xstate'
import type { sessionMachine } from '../../machines/session.machine.ts'
import { type SessionState, selectSession } from '../../machines/session.select.ts'
import type { SessionActorRef } from './session.ts'

export type MachineSnapshot = SnapshotFrom<typeof sessionMachine>

/** The last snapshot of a chart, and the session's state of it: the same object until something changes. */
export class Reading {
  snapshot: MachineSnapshot
  state: SessionState
  /** The number of reads of the chart, also after events that it ignored. */
  takes = 0
  #initial: SessionState | undefined

  constructor(actorRef: SessionActorRef) {
    this.snapshot = actorRef.getSnapshot()
    this.state = selectSession(this.snapshot)
    // The initial state is settled before the next microtask.
    queueMicrotask(() => {
      this.#initial = this.state
    })
  }

  /** The state at the creation of the session. Later answers do not change it. */
  initial(): SessionState {
    return this.#initial ?? this.state
  }

  /** Reads `next`. Returns the state before, or `undefined` if it is the snapshot of the last read. */
  take(next: MachineSnapshot): SessionState | undefined {
    this.takes++
    if (next === this.snapshot) return undefined
    const previous = this.state
    this.snapshot = next
    this.show(selectSession(next))
    return previous
  }

  /** Shows another state until the next snapshot of the chart. */
  show(selected: SessionState): void {
    if (!isSame(this.state, selected)) this.state = selected
  }
}

function isSame(a: SessionState, b: SessionState): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof SessionState)[]
  return keys.every((key) => a[key] === b[key])
}
