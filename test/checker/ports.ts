import type { Choice } from './explore.ts'

/** A call of the code under test that is under way. */
export interface Op {
  readonly owner: string
  readonly what: string
  /** How it may go on, by name. Taking one ends it, unless that answers another op. */
  readonly ways: () => Readonly<Record<string, () => void>>
}

export type Ports = ReturnType<typeof createPorts>

/** Everything that waits for the world, and is answered only when chosen. `enter`: whose code runs next. */
export function createPorts(enter: (owner: string) => void) {
  let ops: Op[] = []

  function close(op: Op) {
    ops = ops.filter((other) => other !== op)
  }

  return {
    open(owner: string, what: string, ways: Op['ways']): Op {
      const op = { owner, what, ways }
      ops.push(op)
      return op
    },
    close,
    /** The process is gone: nothing reaches it any more. `keep`: what goes on without it. */
    drop(owner: string, keep: (op: Op) => boolean = () => false) {
      ops = ops.filter((op) => op.owner !== owner || keep(op))
    },
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
    print: () => ops.map(({ owner, what }) => `${owner} ${what}`).sort(),
  }
}
