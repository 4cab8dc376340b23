const MAX_DEPTH = 32
const MAX_NAMES = 10_000

export type JsonResult = { readonly value: unknown } | undefined

/**
 * Parses JSON; `undefined` for anything else, for repeated names (RFC 8259 section 4: parsers differ in which
 * one they take, so none is taken), for nesting deeper than 32 and for more than 10 000 names. Never throws: engines
 * quote the input.
 */
export function parseJson(text: string): JsonResult {
  const names = namesWritten(text)
  if (names === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (namesIn(value) === names) return { value }
  } catch {
    // Said by `undefined`.
  }
  return undefined
}

/** How many names a text writes, if it is JSON; `undefined`: more than a parser should be made to work for. */
function namesWritten(text: string): number | undefined {
  let depth = 0
  let names = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === ':') names++
    else if (char === ']' || char === '}') depth--
    else if (char === '[' || char === '{') {
      if (++depth > MAX_DEPTH) return undefined
    } else if (char === '"') {
      do if (text[at] === '\\') at++
      while (++at < text.length && text[at] !== '"')
    }
  }
  return names > MAX_NAMES ? undefined : names
}

/** How many names the objects of a parsed value have. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value)
  return inner.reduce((sum: number, one) => sum + namesIn(one), Array.isArray(value) ? 0 : inner.length)
}
