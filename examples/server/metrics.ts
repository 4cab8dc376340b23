import type { ServerNotice } from 'xstate-session/server'

const HELP: Readonly<Record<string, string>> = {
  session_notices_total: 'What happened, by type and by reason, cause or code.',
  session_refresh_seconds: 'From a refresh that was sent to its end, as this process saw it.',
}
const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25]

/** Counts notices for Prometheus. Labels are words of the types alone, so their number is bounded. */
export function createMetrics(now: () => number = () => performance.now()) {
  const counts = new Map<string, number>()
  const sentAt = new Map<string, number>()
  const took = { buckets: BUCKETS.map(() => 0), sum: 0, count: 0 }

  function ended(session: string): void {
    const at = sentAt.get(session)
    if (at === undefined) return
    sentAt.delete(session)
    const seconds = (now() - at) / 1000
    took.sum += seconds
    took.count++
    BUCKETS.forEach((limit, i) => {
      if (seconds <= limit) took.buckets[i] = (took.buckets[i] ?? 0) + 1
    })
  }

  return {
    count(notice: ServerNotice): void {
      if (notice.type === 'refreshSent') sentAt.set(notice.session, now())
      else if (/^(refreshed|refreshDeferred|expired|loggedOut)$/.test(notice.type) && 'session' in notice)
        ended(notice.session ?? '')
      const labels = `type="${notice.type}",detail="${detailOf(notice)}"`
      counts.set(labels, (counts.get(labels) ?? 0) + 1)
    },
    /** In Prometheus' text format. */
    text(): string {
      const name = 'session_refresh_seconds'
      return [
        ...heading('session_notices_total', 'counter'),
        ...[...counts].map(([labels, count]) => `session_notices_total{${labels}} ${count}`),
        ...heading(name, 'histogram'),
        ...BUCKETS.map((limit, i) => `${name}_bucket{le="${limit}"} ${took.buckets[i]}`),
        `${name}_bucket{le="+Inf"} ${took.count}`,
        `${name}_sum ${took.sum}`,
        `${name}_count ${took.count}`,
        '',
      ].join('\n')
    },
  }
}

const heading = (name: string, kind: string) => [`# HELP ${name} ${HELP[name]}`, `# TYPE ${name} ${kind}`]

/** The one word that tells notices of a type apart. */
function detailOf(notice: ServerNotice): string {
  if ('reason' in notice) return notice.reason
  if ('cause' in notice) return notice.cause
  if ('code' in notice) return notice.code
  if ('doing' in notice) return notice.doing
  return ''
}
