import type { ResendPolicy } from '../../../machines/session.types.ts'
import type { Bearer, Call, Family, HistoryEvent, Kind, Of, Trouble } from './history.ts'
import { requests } from './invariants/calls.ts'
import { causes } from './invariants/causes.ts'
import { discipline } from './invariants/events.ts'
import { ledger } from './invariants/ledger.ts'
import { logouts } from './invariants/logouts.ts'
import { losses } from './invariants/losses.ts'
import { rate } from './invariants/rate.ts'
import { records } from './invariants/records.ts'
import { sends } from './invariants/sends.ts'
import { waits } from './invariants/waits.ts'
import { createTroubles, type Leeway, NO_LEEWAY } from './leeway.ts'

export interface Violation {
  /** `I1` … `I30` of the list of invariants. */
  readonly invariant: string
  readonly text: string
}

/** What the generator of a history says of its world. */
export interface World {
  readonly resend: ResendPolicy
  /** How long before its end a bearer may be renewed, jitter included. */
  readonly dueMs: number
  /** Where sessions live: in memory, or in a store, which every request to a server reads, and a tab when it has cause. */
  readonly kind: 'memory' | 'server' | 'tabs'
  /** Whether sends are written down before. */
  readonly hasIntents: boolean
  /** The history has what is written into records. @default true */
  readonly areRecordsSeen?: boolean
  /** The history says of each send what took its fruit away: a loss is explained by that, or by nothing. @default false */
  readonly hasCauses?: boolean
  /** A logout may renew once more, to be heard by a backend that ends sessions by their bearer. @default false */
  readonly renewsToLeave?: boolean
  /** When a session ends by itself. @default never */
  readonly limits?: Limits
  /** I12: refreshes are this far apart, of each of the copies. @default not judged */
  readonly pace?: { readonly floorMs: number; readonly copies: number }
  /** @default none */
  readonly leeway?: Leeway
  now(): number
  /** By every clock of whoever has it: it must not be handed out. */
  hasEnded(bearer: Bearer): boolean
  /** By one of them. */
  mayHaveEnded(bearer: Bearer): boolean
  /** Nothing of this process is under way, of what began at `since`, but what waits for time, or for a caller. */
  isIdle(owner: string, since: number): boolean
  /** I23: how long a call may wait at most. @default forever */
  patienceMs?(call: Call): number
}

export interface Limits {
  readonly idleTimeoutMs: number
  readonly absoluteLifetimeMs: number
  /** Its user is asked to extend it. */
  readonly isPrompted: boolean
}

/** What all invariants may look at. */
export interface Bench extends World {
  readonly leeway: Leeway
  /** What went wrong since then, of these kinds. */
  troubled(since: number, kinds: readonly Trouble[]): Trouble | undefined
  report(invariant: string, text: string): void
  /** I14: why a session was lost. */
  explain(cause: string): void
  /** What is committed of the tokens of a login, or delivered, where there is no store. */
  held(family: Family): Held | undefined
  /** No process was lost or late so far. */
  isHealthy(): boolean
}

export interface Held {
  readonly token: string | undefined
  readonly bearer: Bearer | undefined
  readonly since: number
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

/** `onReport`: told at once of each violation. */
export function createJudge(world: World, onReport: (violation: Violation) => void = () => {}) {
  const violations: Violation[] = []
  const lost: Record<string, number> = {}
  const troubles = createTroubles(world.now)
  let isHealthy = true
  function report(invariant: string, text: string) {
    const violation = { invariant, text }
    violations.push(violation)
    onReport(violation)
  }
  const bench: Bench = {
    ...world,
    leeway: world.leeway ?? NO_LEEWAY,
    troubled: troubles.since,
    report,
    explain(cause) {
      lost[cause] = (lost[cause] ?? 0) + 1
    },
    held: (family) => books.held(family),
    isHealthy: () => isHealthy,
  }
  const books = ledger(bench)
  const monitors: readonly Monitor[] = [
    // Each is told before the ledger: what is about to change is judged by what was.
    sends(bench),
    rate(bench),
    logouts(bench),
    requests(bench),
    waits(bench),
    discipline(bench),
    losses(bench),
    causes(bench),
    records(bench),
    books,
  ]

  return {
    note(event: HistoryEvent) {
      if (event.type === 'troubled') troubles.note(event.what)
      if (event.type === 'crashed' || event.type === 'troubled') isHealthy = false
      for (const { on } of monitors) (on?.[event.type] as ((one: HistoryEvent) => void) | undefined)?.(event)
    },
    unhealthy() {
      isHealthy = false
    },
    /** What no event shows. */
    report,
    violations(): readonly Violation[] {
      for (const monitor of monitors) monitor.atRest?.()
      return violations
    },
    /** Sessions that were lost, by what explains it. */
    losses: (): Readonly<Record<string, number>> => lost,
    memory: () => [
      isHealthy,
      ...troubles.memory(),
      ...monitors.flatMap((monitor, i) => monitor.memory().map((line) => [i, line])),
    ],
  }
}
