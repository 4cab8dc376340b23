import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/base/clock.ts'
import { type ProgressOptions, startProgress } from './startProgress.ts'

/** The progress of a run that consists of steps with names. */
export interface Steps {
  /** Does the next step. What it answers, or throws, goes to the caller. */
  take<T>(name: string, step: () => T | Promise<T>): Promise<T>
  /** What the step does now. */
  note(doing: string): void
  hide(): void
  end(): void
}

export interface StepsOptions extends Omit<ProgressOptions, 'total' | 'expectedMs'> {
  /** A folder for what the steps took. @default beside what else may be deleted at any time */
  readonly folder?: string
}

const KEPT = fileURLToPath(new URL('../../node_modules/.cache/runs', import.meta.url))

/** Shows the progress of a run's steps. It remembers what each took, so that the next run knows from the start how long it will take. */
export function startSteps(run: string, names: readonly string[], options: StepsOptions): Steps {
  const { folder = KEPT, clock = systemClock } = options
  const file = `${folder}/${run}.times.json`
  const times = read(file)
  const known = names.flatMap((name) => times[name] ?? [])
  const usual = known.reduce((sum, ms) => sum + ms, 0) / known.length
  const progress = startProgress({
    ...options,
    total: names.length,
    expectedMs: known.length > 0 ? names.map((name) => times[name] ?? usual) : undefined,
  })
  let done = 0
  return {
    async take(name, step) {
      progress.at(done, name)
      const startedAt = clock.monotonic()
      try {
        return await step()
      } finally {
        times[name] = Math.round(clock.monotonic() - startedAt)
        done += 1
        progress.at(done)
      }
    },
    note: (doing) => progress.at(done, doing),
    hide: progress.hide,
    end() {
      progress.end()
      mkdirSync(folder, { recursive: true })
      writeFileSync(file, JSON.stringify(times))
    },
  }
}

function read(file: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
