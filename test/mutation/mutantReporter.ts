import { type Progress, startProgress } from '../runs/startProgress.ts'

/** As much of a plan of Stryker as is looked at. One that is no run has its result from the last run. */
interface Plan {
  readonly plan: string
  readonly mutant: { readonly id: string }
}

/** For Stryker: how far a room is, on the line that all long runs have. */
function mutantReporter() {
  const waiting = new Set<string>()
  let progress: Progress | undefined
  let total = 0
  const start = () => {
    total = waiting.size
    return startProgress({ unit: `mutants of ${process.env.MUTATED_ROOM}`, total })
  }
  return {
    onMutationTestingPlanReady({ mutantPlans }: { readonly mutantPlans: readonly Plan[] }) {
      for (const { plan, mutant } of mutantPlans) if (plan === 'Run') waiting.add(mutant.id)
    },
    onMutantTested({ id, status }: { readonly id: string; readonly status: string }) {
      if (!waiting.has(id)) return
      // What is not in the sample is known before the first of the sample runs.
      if (status !== 'CompileError') progress ??= start()
      waiting.delete(id)
      progress?.at(total - waiting.size)
    },
    wrapUp: () => progress?.end(),
  }
}

export const strykerPlugins = [
  { kind: 'Reporter', name: 'mutants', factory: Object.assign(mutantReporter, { inject: [] }) },
]
