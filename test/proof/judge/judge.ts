import type { ResendPolicy } from '../../../machines/session.types.ts'
import type { Bearer, Family, HistoryEvent, Kind, Of } from './history.ts'
import { requests } from './invariants/calls.ts'
import { discipline } from './invariants/events.ts'
import { ledger } from './invariants/ledger.ts'
import { logouts } from './invariants/logouts.ts'
import { losses } from './invariants/losses.ts'
import { records } from './invariants/records.ts'
import { sends } from './invariants/sends.ts'

export interface Violation {
  /** `I1` … `I20` of the list of invariants. */
  readonly invariant: string
  readonly text: string
}

/** What all invariants may look at. */
export interface Bench {
  readonly resend: ResendPolicy
  /** How long before its end a bearer may be renewed, jitter included. */
  readonly dueMs: number
  /** Where sessions live: in memory, or in a store, which every request to a server reads, and a tab when it has cause. */
  readonly kind: 'memory' | 'server' | 'tabs'
  /** Whether sends are written down before. */
  readonly hasIntents: boolean
  now(): number
  /** By every clock of whoever has it: it must not be handed out. */
  hasEnded(bearer: Bearer): boolean
  /** By one of them. */
  mayHaveEnded(bearer: Bearer): boolean
  /** Nothing of this process is under way but what waits for time, or for a caller. */
  isIdle(owner: string): boolean
  report(invariant: string, text: string): void
  /** What is committed of the tokens of a login, or delivered, where there is no store. */
  held(family: Family): Held | undefined
  /** No process was lost or late so far. */
  isHealthy(): boolean
}

export interface Held {
  readonly token: string | undefined
  readonly bearer: Bearer | undefined
}

/** Watches what happens and keeps no more of it than what may matter later. */
export interface Monitor {
  readonly on?: { readonly [K in Kind]?: (event: Of<K>) => void }
  /** Called whenever the world is at rest. */
  atRest?(): void
  /** All that it keeps, in no order. Two states with the same memory are judged alike. */
  memory(): readonly unknown[]
}

export type Judge = ReturnType<typeof createJudge>

/** Processes have names like `p`; the sessions of one process, `p.1`, `p.2`. */
export const processOf = (by: string): string => by.split('.', 1)[0] ?? by

export function createJudge(given: Omit<Bench, 'report' | 'held' | 'isHealthy'>) {
  const violations: Violation[] = []
  let isHealthy = true
  const bench: Bench = {
    ...given,
    report: (invariant, text) => violations.push({ invariant, text }),
    held: (family) => books.held(family),
    isHealthy: () => isHealthy,
  }
  const books = ledger(bench)
  const monitors: readonly Monitor[] = [
    // Each is told before the ledger: what is about to change is judged by what was.
    sends(bench),
    logouts(bench),
    requests(bench),
    discipline(bench),
    losses(bench),
    records(bench),
    books,
  ]

  return {
    note(event: HistoryEvent) {
      if (event.type === 'crashed') isHealthy = false
      for (const { on } of monitors) (on?.[event.type] as ((one: HistoryEvent) => void) | undefined)?.(event)
    },
    unhealthy() {
      isHealthy = false
    },
    violations(): readonly Violation[] {
      for (const monitor of monitors) monitor.atRest?.()
      return violations
    },
    memory: () => [isHealthy, ...monitors.flatMap((monitor, i) => monitor.memory().map((line) => [i, line]))],
  }
}
