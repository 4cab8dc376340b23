const MAX_DEPTH = 32
const strings = /"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)/gs

export type JsonResult = { readonly value: unknown } | undefined

/**
 * Parses JSON; `undefined` for anything else, for repeated names (RFC 8259 section 4: parsers differ in which
 * one they take, so none is taken) and for nesting deeper than 32. Never throws: engines quote the input.
 */
export function parseJson(text: string): JsonResult {
  try {
    const value: unknown = JSON.parse(text)
    // Only valid JSON is scanned: on anything else the expression may take long.
    const written = [...text.matchAll(strings)].filter(([, colon]) => colon)
    if (namesIn(value) === written.length) return { value }
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
