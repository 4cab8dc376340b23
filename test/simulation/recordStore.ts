import { shareRecord } from '../../src/session/sharedRecord.ts'
import type { SessionStore, StoredSession } from '../../src/stores/store.ts'
import { toStored } from '../proof/judge/toStored.ts'
import type { Random } from '../proof/world/random.ts'
import { callStore } from './callStore.ts'
import type { Court } from './court.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { Time } from './time.ts'
import type { Caller } from './wire.ts'

export interface RecordStoreOptions {
  readonly time: Time
  readonly court: Court
  readonly seat: number
  readonly random: Random
  readonly faults: () => readonly Fault[]
  readonly hit: (kind: FaultKind) => void
  readonly onWritten: (by: Caller) => void
}

const LAG_MS = 2_000
const positionOf = ({ epoch, version }: StoredSession) => `${epoch}.${version}`

/** The record of one seat, beyond its places: slow, away or forgetful as the faults will have it. */
export function createRecordStore(options: RecordStoreOptions) {
  const { time, court, seat, random, faults, hit, onWritten } = options
  let stored: StoredSession | null = null
  let older: { readonly at: number; readonly stored: StoredSession | null }[] = []

  function write(by: Caller, next: StoredSession): void {
    const after = toStored(next)
    if (after) court.committed(by, toStored(stored), after)
    older = [...older.filter(({ at }) => at > time.now() - 60_000), { at: time.now(), stored }].slice(-5)
    stored = next
    court.trace.note(seat, `stored ${positionOf(next)}${'ended' in next ? ' ended' : ''}`)
  }

  const call = <T>({ place }: Caller, apply: () => T): Promise<T> =>
    callStore(
      {
        time,
        place,
        random,
        thereMs: [1, 8],
        backMs: [1, 8],
        slowMs: [200, 7_200],
        faults,
        onFault(kind) {
          hit(kind)
          court.trouble(seat, kind)
        },
      },
      apply,
    )

  return {
    of: (caller: Caller): SessionStore => ({
      share: shareRecord,
      read: () => call(caller, () => structuredClone(stored)),
      compareAndSet: (expected, next) =>
        call(caller, () => {
          const isAt =
            stored && expected
              ? positionOf(stored) === `${expected.epoch}.${expected.version}`
              : stored === expected
          if (!isAt) return false
          write(caller, structuredClone(next))
          onWritten(caller)
          return true
        }),
    }),
    empty(): void {
      stored = null
      court.trouble(seat, 'emptied')
    },
    /** A replica takes over, which lacks the last writes. */
    failOver(): void {
      const lost = older.find(({ at }) => at > time.now() - LAG_MS)
      if (!lost) return
      stored = lost.stored
      older = []
      court.trouble(seat, 'failover')
    },
  }
}

export type RecordStore = ReturnType<typeof createRecordStore>
