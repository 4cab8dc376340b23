const MAX_DEPTH = 32
const MAX_NAMES = 10_000

export type JsonResult = { readonly value: unknown } | undefined

/**
 * Parses JSON. `undefined` for anything else; for repeated names, because parsers differ in which one they take (RFC
 * 8259 section 4); for nesting deeper than 32; and for more than 10 000 names. Never throws, because engines quote the
 * input in their errors.
 */
export function parseJson(text: string): JsonResult {
  const names = namesWritten(text)
  if (names === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (namesIn(value) === names) return { value }
  } catch {
    // `undefined` says so.
  }
  return undefined
}

/** The number of names in a JSON text; `undefined`: too many for a parser. */
function namesWritten(text: string): number | undefined {
  let depth = 0
  let names = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === ':') names++
    else if (char === ']' || char === '}') depth--
    else if (char === '[' || char === '{') {
      if (++depth > MAX_DEPTH) return undefined
    } else if (char === '"') at = endOfString(text, at)
  }
  return names > MAX_NAMES ? undefined : names
}

/** Where the string ends that begins at `from`. Most of an answer is a token, so what lies between is not looked at. */
function endOfString(text: string, from: number): number {
  let at = from
  let isEscaped = true
  while (isEscaped) {
    at = text.indexOf('"', at + 1)
    if (at < 0) return text.length
    isEscaped = false
    for (let before = at - 1; text[before] === '\\'; before--) isEscaped = !isEscaped
  }
  return at
}

/** The number of names in the objects of a parsed value. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value)
  return inner.reduce((sum: number, one) => sum + namesIn(one), Array.isArray(value) ? 0 : inner.length)
}
