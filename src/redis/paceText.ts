import type { PaceNews } from '../coordination/pace.ts'

/** What one send says about the pace, in the form of the scripts; empty: nothing. */
export function newsText(news: PaceNews | undefined): string {
  if (!news || news.kind === 'won') return news?.kind ?? ''
  const { retryAfterMs, isLimiter } = news
  return `${news.kind} ${isLimiter ? 1 : 0} ${retryAfterMs !== undefined && retryAfterMs >= 0 ? Math.min(retryAfterMs, Number.MAX_SAFE_INTEGER) : '-'}`
}
