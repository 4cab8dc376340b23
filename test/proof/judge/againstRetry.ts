/** A request, one of the times that it was sent. */
export interface Sent {
  readonly bearer: { readonly family: object; readonly number: number } | undefined
  readonly body: string
}

/**
 * I10: what is wrong with the last of the times that one request was sent, in order; empty where nothing is. A request is
 * sent twice at most, the second time with a newer bearer of the same login and the same body. Property tests, checker
 * and simulation all judge by it.
 */
export function againstRetry(sent: readonly Sent[]): string[] {
  const [first] = sent
  const last = sent.at(-1)
  if (!first || !last || sent.length < 2) return []
  const wrong: string[] = []
  if (sent.length > 2) wrong.push(`${sent.length} times`)
  const isNewer =
    last.bearer !== undefined &&
    last.bearer.family === first.bearer?.family &&
    last.bearer.number > first.bearer.number
  if (!isNewer) wrong.push('again without a newer bearer')
  if (last.body !== first.body) wrong.push('again with another body')
  return wrong
}
