/** A place in a source; lines and columns count from 1, as in a report of Stryker. */
export interface Place {
  readonly line: number
  readonly column: number
}

export interface Range {
  readonly start: Place
  readonly end: Place
}

/** The code of a range, on one line. */
export function textAt(source: string, { start, end }: Range): string {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = (lines.at(-1) ?? '').slice(0, end.column - 1)
  lines[0] = (lines[0] ?? '').slice(start.column - 1)
  return lines.map((line) => line.trim()).join(' ')
}

/** Identifies a mutant of one version of the sources. */
export const mutantKey = (file: string, { start, end }: Range, replacement: string): string =>
  `${file}:${start.line}:${start.column}-${end.line}:${end.column} ${replacement}`

/** A range that counts from 0, as Stryker's plugins get it. */
export const counted = ({ start, end }: Range): Range => ({ start: next(start), end: next(end) })

const next = ({ line, column }: Place): Place => ({ line: line + 1, column: column + 1 })
