import { settled } from './platform.ts'

/** What is to happen at an instant. Without `run` it was called off. */
interface Due {
  readonly at: number
  readonly order: number
  run: (() => void | Promise<void>) | undefined
}

function rethrow(error: unknown): never {
  throw error
}

/** What is thrown at a real timer, as XState does with what no observer takes, is thrown by then. */
export const outOfTime = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

/** A heap that is mostly of what was called off is rebuilt without that. */
const MIN_REBUILD = 1_000

/** So much does not happen at one instant, unless somebody sets a timer for now again and again. */
const MAX_AT_ONCE = 10_000

/**
 * Virtual time, milliseconds from 0. It jumps from one thing that is due to the next, and what each of them starts
 * runs to its end before the next: idle hours cost nothing, and one order of events is the only one.
 */
export function createTime() {
  let heap: Due[] = []
  let now = 0
  let order = 0
  let calledOff = 0
  let atOnce = 0

  const isBefore = (a: Due, b: Due) => a.at < b.at || (a.at === b.at && a.order < b.order)

  function push(due: Due): void {
    let i = heap.push(due) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent] as Due
      if (!isBefore(due, above)) break
      heap[i] = above
      i = parent
    }
    heap[i] = due
  }

  function pop(): Due | undefined {
    const top = heap[0]
    const last = heap.pop()
    if (!last || heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as Due)) child += 1
      if (!isBefore(heap[child] as Due, last)) break
      heap[i] = heap[child] as Due
      i = child
    }
    heap[i] = last
    return top
  }

  return {
    now: () => now,
    /** Runs `run` at `when`, or now if that is past; after everything that is due then already. */
    at(when: number, run: () => void | Promise<void>): () => void {
      const due: Due = { at: Math.max(when, now), order: ++order, run }
      push(due)
      return () => {
        if (!due.run) return
        due.run = undefined
        calledOff += 1
        if (calledOff > MIN_REBUILD && calledOff > heap.length / 2) {
          const kept = heap.filter(({ run }) => run)
          heap = []
          calledOff = 0
          for (const one of kept) push(one)
        }
      }
    },
    /**
     * Lets time pass until `until`. A promise that something due gives is waited for: time stands still meanwhile.
     * Answers false where it stands still for ever, as something new is due at the same instant each time.
     * Whatever is thrown meanwhile goes to `crashed`.
     */
    async pass(until: number, crashed: (error: unknown) => void = rethrow): Promise<boolean> {
      for (let top = heap[0]; top && top.at <= until; top = heap[0]) {
        pop()
        const { run } = top
        if (!run) {
          calledOff -= 1
          continue
        }
        // What was done cannot be called off any more.
        top.run = undefined
        atOnce = top.at > now ? 0 : atOnce + 1
        now = top.at
        if (atOnce > MAX_AT_ONCE) return false
        try {
          await run()
        } catch (error) {
          crashed(error)
        }
        await settled()
      }
      now = Math.max(now, until)
      return true
    },
    /** How much is still to happen. */
    pending: () => heap.reduce((count, { run }) => count + (run ? 1 : 0), 0),
  }
}

export type Time = ReturnType<typeof createTime>
