const MAX_DEPTH = 32
const marks = /("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}[\]]/gs

export type JsonResult = { readonly value: unknown } | undefined

/**
 * Parses JSON; `undefined` for anything else, for repeated names (RFC 8259 section 4: parsers differ in which
 * one they take, so none is taken) and for nesting deeper than 32. Never throws: engines quote the input.
 */
export function parseJson(text: string): JsonResult {
  try {
    const value: unknown = JSON.parse(text)
    // Only valid JSON is scanned: on anything else the expression may take long.
    return isUnambiguous(text) ? { value } : undefined
  } catch {
    return undefined
  }
}

function isUnambiguous(json: string): boolean {
  const open: Set<string>[] = []
  for (const [mark, string, colon] of json.matchAll(marks)) {
    if (string !== undefined) {
      if (!colon) continue
      const names = open.at(-1)
      const name = String(JSON.parse(string))
      if (names?.has(name)) return false
      names?.add(name)
    } else if (mark === '{' || mark === '[') {
      if (open.push(new Set()) > MAX_DEPTH) return false
    } else open.pop()
  }
  return true
}
