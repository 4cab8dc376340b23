/**
 * Separators and escapes that a later parser would act upon. Some parsers drop control characters, and some end the
 * path there.
 */
const STRUCTURE = /[/\\;%?#]|\p{Cc}/u
/** Slashes of other alphabets that some platforms convert to ours; NFKC does not convert them. */
const LOOKALIKES = /[\u2044\u2215\u2216\u29f5\u29f8\u29f9]/

/**
 * The decoded segments of a path if every parser reads the same ones; else `undefined`. It refuses text that does not
 * decode: a stray `%`, and bytes that are not UTF-8, overlong ones included. It also refuses text that decodes to a
 * special character: separators, path parameters (`;`), another `%`, a NUL, dots alone. The remaining characters mean
 * the same however often they are decoded.
 */
export function plainPath(pathname: string): readonly string[] | undefined {
  const [root, ...parts] = pathname.split('/')
  if (root !== '' || parts.length === 0) return undefined
  const segments: string[] = []
  for (const [i, part] of parts.entries()) {
    const segment = decoded(part)
    const isEmpty = segment === ''
    // A slash at the end is a part of the path. Two slashes in a row are one for some parsers.
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
