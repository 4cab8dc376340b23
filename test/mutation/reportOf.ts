import { readFileSync } from 'node:fs'
import { explained, type Kind } from './explained.ts'
import { type Range, textAt } from './places.ts'

/** As much as is read of a report of Stryker (mutation-testing-report-schema), and what a sample adds to it. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
  /** The mutants were drawn at random from so many. */
  readonly sample?: { readonly of: number; readonly seed: number }
}

export interface Mutant {
  readonly status: string
  readonly location: Range
  readonly mutatorName?: string
  readonly replacement?: string
}

/** A mutant that no test noticed. */
export interface Survivor {
  readonly file: string
  /** What Stryker calls the change, such as `ConditionalExpression`. */
  readonly mutator: string
  /** Why no test can notice it; absent: nobody has explained it. */
  readonly kind?: string
}

/** A test fails, does not end, or cannot even run. */
const NOTICED = ['Killed', 'Timeout', 'RuntimeError']

/** The key of an explanation. */
const about = (file: string, code: string, put: string) => `${file}  ${code}  ->  ${put}`

/**
 * The results of a room: `lines` name each mutant that no test noticed and that `explained.ts` does not explain, then
 * the explanations in vain, then the score, the share of mutants that a test noticed.
 */
export function reportOf(room: string, file: string) {
  const { files, sample } = JSON.parse(readFileSync(file, 'utf8')) as Report
  const lines: string[] = []
  const survivors: Survivor[] = []
  const left = explanations()
  let noticed = 0
  for (const [name, { source, mutants }] of Object.entries(files))
    for (const { status, location, mutatorName: mutator = '', replacement = '' } of mutants) {
      if (NOTICED.includes(status)) noticed++
      if (status !== 'Survived' && status !== 'NoCoverage') continue
      const code = textAt(source, location)
      const why = left.get(about(name, code, replacement))
      if (why && why.places > 0) {
        why.places--
        survivors.push({ file: name, mutator, kind: why.kind.name })
      } else {
        survivors.push({ file: name, mutator })
        lines.push(`${name}:${location.start.line}:${location.start.column}  ${code}  ->  ${replacement}`)
      }
    }
  // A sample need not contain what is explained.
  if (!sample)
    for (const [what, { file, places }] of left)
      if (file in files && places > 0) lines.push(`explained in vain: ${what}`)
  const tried = noticed + survivors.length
  const open = survivors.filter(({ kind }) => kind === undefined).length
  const score = tried === 0 ? 'none' : `${((100 * noticed) / tried).toFixed(1)} %`
  const whole = sample ? ` (a sample of ${sample.of}, seed ${sample.seed})` : ''
  lines.push(
    `${room}: ${score} of ${tried} mutants${whole} noticed; of the others ${tried - noticed - open} are explained, ${open} are not`,
  )
  return { lines, noticed, tried, open, survivors, sample }
}

/** How many places each explanation may still explain. */
function explanations() {
  const all = new Map<string, { readonly kind: Kind; readonly file: string; places: number }>()
  for (const kind of explained)
    for (const { file, code, put, places = 1 } of kind.mutants)
      all.set(about(file, code, put), { kind, file, places })
  return all
}
