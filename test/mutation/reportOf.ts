import { readFileSync } from 'node:fs'
import { explained } from './explained.ts'

/** As much as is read of a report of Stryker (mutation-testing-report-schema). */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>
}

interface Place {
  readonly line: number
  readonly column: number
}

interface Mutant {
  readonly status: string
  readonly location: { readonly start: Place; readonly end: Place }
  readonly replacement?: string
}

/** Red, too slow, or so broken that the tests could not even run. */
const NOTICED = ['Killed', 'Timeout', 'RuntimeError']

/**
 * What is known of a room: each mutant that no test noticed and that `explained.ts` does not name; what that explains
 * in vain; and the score, the share of mutants that a test noticed.
 */
export function reportOf(room: string, file: string) {
  const { files } = JSON.parse(readFileSync(file, 'utf8')) as Report
  const lines: string[] = []
  const used = new Map<object, number>()
  let noticed = 0
  let isExplained = 0
  let open = 0
  for (const [name, { source, mutants }] of Object.entries(files))
    for (const { status, location, replacement = '' } of mutants) {
      if (NOTICED.includes(status)) noticed++
      if (status !== 'Survived' && status !== 'NoCoverage') continue
      const code = textAt(source, location)
      const why = explained.find((one) => one.file === name && one.code === code && one.put === replacement)
      const times = (why && used.get(why)) ?? 0
      if (why && times < (why.places ?? 1)) {
        used.set(why, times + 1)
        isExplained++
      } else {
        open++
        lines.push(`${name}:${location.start.line}:${location.start.column}  ${code}  ->  ${replacement}`)
      }
    }
  for (const one of explained)
    if (one.file in files && used.get(one) !== (one.places ?? 1))
      lines.push(`explained in vain: ${one.file}  ${one.code}  ->  ${one.put}`)
  const all = noticed + isExplained + open
  const score = all === 0 ? 'none' : `${((100 * noticed) / all).toFixed(1)} %`
  lines.push(
    `${room}: ${score} of ${all} mutants noticed; of the others ${isExplained} are explained, ${open} are not`,
  )
  return { lines, isGood: open === 0, noticed, explained: isExplained, open }
}

function textAt(source: string, { start, end }: Mutant['location']): string {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = (lines.at(-1) ?? '').slice(0, end.column - 1)
  lines[0] = (lines[0] ?? '').slice(start.column - 1)
  return lines.map((line) => line.trim()).join(' ')
}
