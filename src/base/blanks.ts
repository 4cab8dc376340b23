const isBlank = (text: string, at: number) => text[at] === ' ' || text[at] === '\t'

/**
 * The text without the blanks and tabs around it (`OWS`, RFC 9110 section 5.6.3). It removes nothing else, because
 * browsers remove no other byte: a name that a browser does not protect must not become one that it protects.
 */
export function withoutBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text, from)) from++
  while (from < to && isBlank(text, to - 1)) to--
  return text.slice(from, to)
}
