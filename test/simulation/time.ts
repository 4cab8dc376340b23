import { createTimeline } from '../proof/world/timeline.ts'
import { settled } from './platform.ts'

function rethrow(error: unknown): never {
  throw error
}

/** What is thrown at a real timer, as XState does with what no observer takes, is thrown by then. */
export const outOfTime = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

/**
 * Virtual time that jumps from one thing that is due to the next, and what each of them starts runs to its end before
 * the next: idle hours cost nothing, and one order of events is the only one.
 */
export function createTime() {
  const timeline = createTimeline()
  const { now } = timeline

  return {
    timeline,
    now,
    /** Runs `run` at `when`, or now if that is past; after everything that is due then already. */
    at: (at: number, run: () => void | Promise<void>): (() => void) =>
      timeline.arm({ owner: 'the world', kind: 'foreground', at, run }),
    /**
     * Lets time pass until `until`. A promise that something due gives is waited for: time stands still meanwhile.
     * Answers false where it stands still for ever, as something new is due at the same instant each time.
     * Whatever is thrown meanwhile goes to `crashed`.
     */
    async pass(until: number, crashed: (error: unknown) => void = rethrow): Promise<boolean> {
      for (let next = timeline.next(); next && next.at <= until; next = timeline.next()) {
        timeline.take(next)
        if (timeline.isCircling()) return false
        try {
          await next.run()
        } catch (error) {
          crashed(error)
        }
        await settled()
      }
      timeline.set(until)
      return true
    },
  }
}

export type Time = ReturnType<typeof createTime>
