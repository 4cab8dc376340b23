import type { SessionModelOptions } from './createSessionModel.ts'
import type { ModelStep } from './modelStep.ts'

/** The failures of one suite. */
export interface FailureList {
  /** Throws if a path cannot tell anything new: it begins with steps that failed, or enough paths have failed. */
  assertWorthWalking(options: SessionModelOptions, steps: readonly ModelStep[]): void
  /** Notes that the path `name` failed at the last of `steps`. No steps: it failed before its first step. */
  add(options: SessionModelOptions, steps: readonly ModelStep[], name: string): void
}

/** Makes every path with a step that failed before fail at once, so that no path waits for that step again. */
export function failureList(maxFailures: number): FailureList {
  /** The name of the failed path, by the steps up to its failure. */
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
