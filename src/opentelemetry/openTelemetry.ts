import {
  type Attributes,
  context,
  type Histogram,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { systemClock } from '../base/clock.ts'
import type { ServerNotice } from '../server/notice.ts'
import type { ServerTelemetry } from '../server/telemetry.ts'

/** What telemetry may reveal of a call. */
export interface OpenTelemetryOptions {
  /**
   * Adds the address of each call as `url.full`, without its query. Paths may name people: an id, or a mail.
   * @default false: only the host, its port and the scheme
   */
  readonly showPaths?: boolean
}

const NAME = 'xstate-session'
/** The buckets that the semantic conventions recommend for durations of HTTP. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY']
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }

/**
 * Spans and metrics of a server, by `@opentelemetry/api` and the registered SDK: a span for each sent refresh, and one
 * for each call through the proxy, with its context in `traceparent`; and `http.client.request.duration`,
 * `session.refresh.duration` and `session.notices`. They hold no token, no user and no query.
 *
 * @example
 * const server = createSessionServer({ ...serverOptions, telemetry: openTelemetry() })
 */
export function openTelemetry({ showPaths = false }: OpenTelemetryOptions = {}): ServerTelemetry {
  const tracer = trace.getTracer(NAME)
  const meter = metrics.getMeter(NAME)
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: BUCKETS } })
  const calls = histogram(
    'http.client.request.duration',
    'Until the head of the answer to a call that was passed on.',
  )
  const refreshes = histogram('session.refresh.duration', 'From a refresh that is sent to its outcome.')
  const notices = meter.createCounter('session.notices', { description: 'What happened.', unit: '{notice}' })

  return {
    refresh({ provider }, send) {
      const span = tracer.startSpan('session.refresh', { kind: SpanKind.INTERNAL })
      return timed(span, refreshes, { 'session.provider': provider }, send, ({ kind, cause, reason }) => {
        const why = reason ?? cause
        return {
          'session.refresh.outcome': kind,
          ...(kind !== 'ok' && { 'error.type': why ?? kind }),
        }
      })
    },
    call({ method, url }, send) {
      const known = METHODS.includes(method) ? method : '_OTHER'
      const { hostname, protocol, port, origin, pathname } = new URL(url)
      const scheme = protocol.slice(0, -1)
      const attributes = {
        'http.request.method': known,
        'server.address': hostname,
        'server.port': port ? Number(port) : (PORTS[scheme] ?? 0),
        'url.scheme': scheme,
      }
      const span = tracer.startSpan(known === '_OTHER' ? 'HTTP' : known, {
        kind: SpanKind.CLIENT,
        attributes: { ...(showPaths && { 'url.full': `${origin}${pathname}` }) },
      })
      const headers: Record<string, string> = {}
      propagation.inject(trace.setSpan(context.active(), span), headers)
      return timed(
        span,
        calls,
        attributes,
        () => send(headers),
        ({ status }) => ({
          'http.response.status_code': status,
          ...(status >= 400 && { 'error.type': String(status) }),
        }),
      )
    },
    note(notice) {
      notices.add(1, wordsOf(notice))
      // Added while its refresh is running: it joins the span to our notices and to the backend's log.
      if (notice.type === 'refreshSent')
        trace.getActiveSpan()?.setAttributes({
          'session.id': notice.session,
          'session.refresh.attempt_id': notice.attemptId,
        })
    },
  }
}

/**
 * Runs `send` under `span`; at the end it closes the span and records the time. `attributesOf`: the attributes of its
 * outcome.
 */
async function timed<T>(
  span: Span,
  histogram: Histogram,
  known: Attributes,
  send: () => Promise<T>,
  attributesOf: (outcome: T) => Attributes,
): Promise<void> {
  const begun = systemClock.monotonic()
  const done = (more: Attributes) => {
    const attributes = { ...known, ...more }
    span.setAttributes(attributes)
    if ('error.type' in attributes) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    histogram.record((systemClock.monotonic() - begun) / 1000, attributes)
  }
  try {
    done(attributesOf(await context.with(trace.setSpan(context.active(), span), send)))
  } catch (error) {
    done({ 'error.type': kindOf(error) })
  }
}

/** The platform's name of the error. A message may quote what was sent. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error'
  const { code, name } = error as NodeJS.ErrnoException
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : name
}

/** The words of a notice: their number is limited. */
function wordsOf(notice: ServerNotice): Attributes {
  const { type, reason, cause, code } = notice as {
    type: string
    reason?: string
    cause?: string
    code?: string
  }
  return {
    'session.notice.type': type,
    ...(reason !== undefined && { 'session.notice.reason': reason }),
    ...(cause !== undefined && { 'session.notice.cause': cause }),
    ...(code !== undefined && { 'session.notice.code': code }),
  }
}
