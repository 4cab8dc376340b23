import type { SessionModelOptions } from './createSessionModel.ts'
import type { ModelStep } from './modelStep.ts'

/** What has failed in one suite. */
export interface FailureList {
  /** Throws where a path cannot tell anything new: it begins with steps that failed, or enough paths have failed. */
  assertWorthWalking(options: SessionModelOptions, steps: readonly ModelStep[]): void
  /** The path `name` failed at the last of `steps`; none: before its first step. */
  add(options: SessionModelOptions, steps: readonly ModelStep[], name: string): void
}

/** One broken step fails every path that goes through it: they fail at once instead of waiting for it each. */
export function failureList(maxFailures: number): FailureList {
  /** The beginnings that failed, and the path that showed it. */
  const failed = new Map<string, string>()
  return {
    assertWorthWalking(options, steps) {
      if (failed.size >= maxFailures)
        throw new Error(
          `Not walked: ${failed.size} paths have failed. Mend these first, or give the suite { maxFailures: Infinity }.`,
        )
      for (let length = 0; length <= steps.length; length++) {
        const name = failed.get(keyOf(options, steps.slice(0, length)))
        if (name !== undefined) throw new Error(`Not walked: it begins with what has failed in "${name}".`)
      }
    },
    add(options, steps, name) {
      failed.set(keyOf(options, steps), name)
    },
  }
}

const keyOf = (options: SessionModelOptions, steps: readonly ModelStep[]) =>
  JSON.stringify([options, steps.map(({ event }) => event)])
