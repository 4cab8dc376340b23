import type { Choice } from './explore.ts'
import { placeHere } from './placeHere.ts'

/** A call of the code under test that is under way. */
export interface Op {
  readonly owner: string
  readonly what: string
  /** On whose behalf: what follows its answer is. */
  readonly errand: string
  /** Where its answer is awaited. */
  readonly place: () => string
  /** How it may go on, by name. Taking one ends it, unless that answers another op. */
  readonly ways: () => Readonly<Record<string, () => void>>
  readonly more: OpMore
}

interface OpMore {
  /** What may become of it when its process ends. Absent: nothing. */
  readonly fates?: Readonly<Record<string, () => void>> | undefined
  /** Where its answer is awaited, if that is not where it is asked. */
  readonly place?: () => string
  /** A store, which needs no time. */
  readonly isStore?: boolean
  /** What tells it from others of its name. */
  readonly detail?: (() => unknown) | undefined
}

export type Ports = ReturnType<typeof createPorts>

/**
 * Everything that waits for the world, and is answered only when chosen. `enter`: whose code runs next. `errandNow`: on
 * whose behalf code runs.
 */
export function createPorts(enter: (owner: string) => void, errandNow: () => string) {
  let ops: Op[] = []

  function close(op: Op) {
    ops = ops.filter((other) => other !== op)
  }

  return {
    open(owner: string, what: string, ways: Op['ways'], more: OpMore = {}): Op {
      const op = { owner, what, errand: errandNow(), place: more.place ?? placeHere(), ways, more }
      ops.push(op)
      return op
    },
    close,
    /** The process is gone: nothing reaches it any more. */
    drop(isOf: (owner: string) => boolean) {
      ops = ops.filter((op) => !isOf(op.owner))
    },
    /** All that may become together of what is under way. */
    fates(isOf: (owner: string) => boolean): Choice[] {
      let all: Choice[] = [{ name: '', take: () => {} }]
      const byName = [...ops].sort((a, b) => (a.what < b.what ? -1 : 1))
      for (const { owner, what, more } of byName)
        if (isOf(owner) && more.fates)
          all = all.flatMap((one) =>
            Object.entries(more.fates ?? {}).map(([fate, act]) => ({
              name: `${one.name}, ${what} ${fate}`,
              take() {
                one.take()
                act()
              },
            })),
          )
      return all
    },
    isEnding: (owner: string) => ops.some((op) => op.owner === owner && op.what.startsWith('write end')),
    isIdle: (owner: string) => ops.every((op) => op.owner !== owner),
    choices(): Choice[] {
      const counts = new Map<string, number>()
      return ops.flatMap((op) => {
        const label = `${op.owner}: ${op.what}`
        const count = (counts.get(label) ?? 0) + 1
        counts.set(label, count)
        return Object.entries(op.ways()).map(([way, act]) => ({
          name: `${label}${count > 1 ? ` (${count})` : ''} -> ${way}`,
          take() {
            close(op)
            enter(op.owner)
            act()
          },
        }))
      })
    },
    isAsking: () => ops.some(({ more, ways }) => more.isStore && Object.keys(ways()).length > 0),
    print: () =>
      ops.map(({ owner, what, errand, place, more }) => [owner, what, errand, place(), more.detail?.()]),
  }
}
