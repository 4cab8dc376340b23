/** Separators and escapes that a later parser would act upon. Controls: some parsers drop them, some end the path there. */
const STRUCTURE = /[/\\;%?#]|\p{Cc}/u
/** Slashes of other alphabets that some platforms turn into ours; NFKC does not know them. */
const LOOKALIKES = /[\u2044\u2215\u2216\u29f5\u29f8\u29f9]/

/**
 * The segments of a path, decoded, if every parser on the way reads the same ones; else `undefined`. Refused is what
 * does not decode (a stray `%`, bytes that are no UTF-8, overlong ones among them), and what decodes into something
 * that means more than itself: separators, path parameters (`;`), another `%`, a NUL, dots alone. An allow-list: the
 * letters that remain stand for themselves, however often they are decoded.
 */
export function plainPath(pathname: string): readonly string[] | undefined {
  const [root, ...parts] = pathname.split('/')
  if (root !== '' || parts.length === 0) return undefined
  const segments: string[] = []
  for (const [i, part] of parts.entries()) {
    const segment = decoded(part)
    const isEmpty = segment === ''
    // A slash at the end is a part of the path; two in a row are one for some parsers.
    if (segment === undefined || (isEmpty && i < parts.length - 1)) return undefined
    if (!isEmpty) segments.push(segment)
  }
  return segments
}

function decoded(part: string): string | undefined {
  // The URL parser has encoded all others.
  if (!/^[\x21-\x7e]*$/.test(part) || /[\\;]/.test(part)) return undefined
  let segment: string
  try {
    segment = decodeURIComponent(part)
  } catch {
    return undefined
  }
  const widest = segment.normalize('NFKC')
  const isPlain = [segment, widest].every((text) => !STRUCTURE.test(text) && !/^\.+$/.test(text))
  return isPlain && !LOOKALIKES.test(segment) ? segment : undefined
}
