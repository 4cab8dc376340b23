import type { Check } from './evidence.ts'
import { paint, type Timeline } from './timeline.ts'

export interface Verdict {
  readonly scene: string
  readonly checks: readonly Check[]
}

const differing = (verdicts: readonly Verdict[]): Check[] =>
  verdicts.flatMap(({ checks }) => checks.filter(({ ok }) => !ok))

/** A scene without checks has shown nothing. */
export const isAsExpected = (verdicts: readonly Verdict[]): boolean =>
  verdicts.length > 0 && verdicts.every(({ checks }) => checks.length > 0) && differing(verdicts).length === 0

const row = (scene: string, expected: string, seen: string, ok: string): string =>
  `${scene.padEnd(33)} ${expected.padEnd(27)} ${seen.padEnd(27)} ${ok}`

/** Prints what was expected beside what was seen. */
export function printSummary({ line }: Pick<Timeline, 'line'>, verdicts: readonly Verdict[]): void {
  line()
  line(paint('bold', 'Summary'))
  line(paint('dim', row('scene', 'expected', 'seen', 'ok')))
  for (const { scene, checks } of verdicts) {
    line(scene)
    for (const { what, expected, seen, ok } of checks)
      line(row(`  ${what}`, expected, seen, ok ? paint('green', 'yes') : paint('red', 'NO')))
  }
  const { length: all } = verdicts.flatMap(({ checks }) => checks)
  const { length: different } = differing(verdicts)
  line()
  line(
    different === 0
      ? paint('green', `All ${all} checks are as expected.`)
      : paint('red', `${different} of ${all} checks differ.`),
  )
}
