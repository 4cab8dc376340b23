import { Counter, Histogram, Registry } from 'prom-client'
import type { ServerNotice } from 'xstate-session/server'

/** Counts notices for Prometheus. Labels are words of the types alone, so their number is bounded. */
export function createMetrics(now: () => number = () => performance.now()) {
  const registry = new Registry()
  const notices = new Counter({
    name: 'session_notices_total',
    help: 'What happened, by type and by reason, cause or code.',
    labelNames: ['type', 'detail'] as const,
    registers: [registry],
  })
  const took = new Histogram({
    name: 'session_refresh_seconds',
    help: 'From a refresh that was sent to its end, as this process saw it.',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25],
    registers: [registry],
  })
  const sentAt = new Map<string, number>()

  function ended(session: string): void {
    const at = sentAt.get(session)
    if (at === undefined) return
    sentAt.delete(session)
    took.observe((now() - at) / 1000)
  }

  return {
    count(notice: ServerNotice): void {
      if (notice.type === 'refreshSent') sentAt.set(notice.session, now())
      else if (/^(refreshed|refreshDeferred|expired|loggedOut)$/.test(notice.type) && 'session' in notice)
        ended(notice.session ?? '')
      notices.inc({ type: notice.type, detail: detailOf(notice) })
    },
    contentType: registry.contentType,
    /** In Prometheus' text format. */
    text: () => registry.metrics(),
  }
}

/** The one word that tells notices of a type apart. */
function detailOf(notice: ServerNotice): string {
  if ('reason' in notice) return notice.reason
  if ('cause' in notice) return notice.cause
  if ('code' in notice) return notice.code
  if ('doing' in notice) return notice.doing
  return ''
}
