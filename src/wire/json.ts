const MAX_DEPTH = 32

export type JsonResult = { readonly value: unknown } | undefined

/**
 * Parses JSON; `undefined` for anything else, for repeated names (RFC 8259 section 4: parsers differ in which
 * one they take, so none is taken) and for nesting deeper than 32. Never throws: engines quote the input.
 */
export function parseJson(text: string): JsonResult {
  try {
    const value: unknown = JSON.parse(text)
    if (namesIn(value) === namesWritten(text)) return { value }
  } catch {
    // Said by `undefined`.
  }
  return undefined
}

/** How many names the objects of a parsed value have; `NaN` if it is nested too deep. */
function namesIn(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth === MAX_DEPTH) return Number.NaN
  const inner = Object.values(value)
  const own = Array.isArray(value) ? 0 : inner.length
  return inner.reduce((sum, one) => sum + namesIn(one, depth + 1), own)
}

/** How many names are written in a text that is valid JSON: strings that a colon follows. */
function namesWritten(text: string): number {
  let names = 0
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', start)) {
    start = endOfString(text, start)
    while (' \n\r\t'.includes(text[start] ?? 'end')) start++
    if (text[start] === ':') names++
  }
  return names
}

/** Behind the closing quote of the string that begins at `start`: the next one that no odd run of backslashes escapes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = end
    while (text[escapes - 1] === '\\') escapes--
    if ((end - escapes) % 2 === 0) return end + 1
  }
}
