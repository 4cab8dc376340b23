import type { IncomingMessage, RequestListener } from 'node:http'
import { context, metrics, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RefreshOutcome } from 'xstate-session'
import { type OpenTelemetryOptions, openTelemetry } from 'xstate-session/opentelemetry'
import {
  createSessionServer,
  type ServerNotice,
  type ServerTelemetry,
  type SessionServerOptions,
} from 'xstate-session/server'
import { bearer, leaksOf, person, refreshToken } from '../inspect/life.ts'
import { browser } from '../server/browser.ts'
import { onPort } from '../server/onPort.ts'
import { movableClock, PANEL, SECRET } from '../server/world.ts'

const MINUTE = 60_000
const spans = new InMemorySpanExporter()
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 })
const meters = new MeterProvider({ readers: [reader] })

beforeAll(() => {
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
  )
  metrics.setGlobalMeterProvider(meters)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
})
afterAll(async () => {
  for (const api of [trace, metrics, context, propagation]) api.disable()
  await meters.shutdown()
})
beforeEach(() => spans.reset())

/** The points of an instrument, as they stand. */
async function pointsOf(name: string) {
  await reader.forceFlush()
  const all =
    figures
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(({ metrics: known }) => known) ?? []
  return all.find(({ descriptor }) => descriptor.name === name)
}

/** A server that passes calls on to a backend of its own, and whose login hands out canaries. */
async function world(
  answer: RequestListener,
  outcomes: RefreshOutcome[] = [],
  more: Partial<SessionServerOptions> = {},
  options: OpenTelemetryOptions = {},
) {
  const seen: IncomingMessage[] = []
  const backend = await onPort((incoming, outgoing) => {
    seen.push(incoming)
    answer(incoming, outgoing)
  })
  const clock = movableClock()
  const notices: ServerNotice[] = []
  const server = createSessionServer({
    publicUrl: PANEL,
    secrets: [SECRET],
    logins: {
      staff: () => ({
        identity: 'here',
        apiUrl: backend.url,
        strategies: {
          own: {
            needsRefreshToken: true,
            refresh: async () => outcomes.shift() ?? { kind: 'refused', cause: 'unavailable' },
          },
        },
        submit: async () => ({
          done: {
            answer: { token: bearer(1), refreshToken: refreshToken(1), user: person, expiresIn: 600 },
            strategy: 'own',
          },
        }),
      }),
    },
    api: { '/api/': { target: backend.url, logins: ['staff'] } },
    clock,
    observe: (notice) => notices.push(notice),
    telemetry: openTelemetry(options),
    ...more,
  })
  const page = browser((request) => server.handle(request), PANEL)
  await page.post('/session/login', {})
  return { page, clock, notices, seen, backend: new URL(backend.url) }
}

const ok: RequestListener = (_, outgoing) => void outgoing.end('{}')
const renewed: RefreshOutcome = {
  kind: 'ok',
  bearer: bearer(2),
  refreshToken: refreshToken(2),
  user: person,
  life: { expiresIn: 600 },
}

describe('with OpenTelemetry', () => {
  test('a call that is passed on has a span, whose context goes with it, and a duration', async () => {
    const { page, seen, backend } = await world(ok)
    const around = trace.getTracer('test').startSpan('GET /api/users')
    await context.with(trace.setSpan(context.active(), around), () =>
      page.get(`/api/users?secret=${bearer(3)}`, {
        headers: { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` },
      }),
    )
    around.end()
    const [span] = spans.getFinishedSpans()
    const known = {
      'http.request.method': 'GET',
      'server.address': backend.hostname,
      'server.port': Number(backend.port),
      'url.scheme': 'http',
      'http.response.status_code': 200,
    }
    expect(span?.name).toBe('GET')
    expect(span?.attributes).toEqual(known)
    const { traceId, spanId } = span?.spanContext() ?? {}
    expect(traceId).toBe(around.spanContext().traceId)
    expect(span?.parentSpanContext?.spanId).toBe(around.spanContext().spanId)
    expect(seen[0]?.headers.traceparent).toBe(`00-${traceId}-${spanId}-01`)
    const duration = await pointsOf('http.client.request.duration')
    expect(duration?.descriptor.unit).toBe('s')
    expect(duration?.dataPoints.at(-1)).toMatchObject({ attributes: known, value: { count: 1 } })
  })

  test('what goes wrong is said by a status or the name of an error', async () => {
    const { page } = await world(({ url }, outgoing) => {
      if (url?.endsWith('/broken')) return void outgoing.destroy()
      outgoing.writeHead(503).end()
    })
    await page.get('/api/away')
    await page.get('/api/broken')
    const [away, broken] = spans.getFinishedSpans()
    expect(away?.attributes).toMatchObject({ 'http.response.status_code': 503, 'error.type': '503' })
    expect(broken?.attributes['error.type']).toBe('ECONNRESET')
    expect([away?.status, broken?.status]).toEqual(Array(2).fill({ code: SpanStatusCode.ERROR }))
  })

  test('a refresh that is sent has a span, joined to its notices, whoever waits for it', async () => {
    const { page, clock, notices } = await world(ok, [renewed, { kind: 'rejected', reason: 'accessRevoked' }])
    clock.pass(11 * MINUTE)
    await Promise.all(Array.from({ length: 20 }, () => page.get('/api/users')))
    clock.pass(11 * MINUTE)
    await page.get('/api/users')
    const all = spans.getFinishedSpans().filter(({ name }) => name === 'session.refresh')
    const sent = notices.filter((notice) => notice.type === 'refreshSent')
    expect(all.map(({ attributes }) => attributes)).toEqual([
      {
        'session.provider': 'own',
        'session.id': sent[0]?.session,
        'session.refresh.attempt_id': sent[0]?.attemptId,
        'session.refresh.outcome': 'ok',
      },
      {
        'session.provider': 'own',
        'session.id': sent[1]?.session,
        'session.refresh.attempt_id': sent[1]?.attemptId,
        'session.refresh.outcome': 'rejected',
        'error.type': 'accessRevoked',
      },
    ])
    const took = await pointsOf('session.refresh.duration')
    expect(took?.dataPoints.map(({ attributes }) => attributes['session.refresh.outcome'])).toEqual([
      'ok',
      'rejected',
    ])
    const counted = await pointsOf('session.notices')
    const words = counted?.dataPoints.map(({ attributes }) => Object.values(attributes).join(' '))
    expect(words).toEqual(
      expect.arrayContaining(['login', 'refreshSent', 'refreshed', 'expired accessRevoked']),
    )
  })

  test('X1 and X2: no span and no figure holds a part of a token, of a person, or a query', async () => {
    const { page, clock } = await world(ok, [renewed], {}, { showPaths: true })
    await page.get(`/api/users/1?secret=${bearer(3)}&mail=${person.email}`)
    clock.pass(11 * MINUTE)
    await page.get('/api/users')
    const told = spans.getFinishedSpans().map(({ name, attributes, events, status, resource }) => ({
      name,
      attributes,
      events,
      status,
      resource: resource.attributes,
    }))
    expect(told.map(({ attributes }) => attributes['url.full']).join()).toMatch(/\/api\/users\/1,/)
    await reader.forceFlush()
    const text = JSON.stringify([told, figures.getMetrics()])
    expect(leaksOf(text)).toEqual([])
    expect(text).not.toContain('secret=')
  })
})

test.each<[string, ServerTelemetry]>([
  [
    'throws',
    {
      refresh: () => {
        throw new Error('no collector')
      },
      call: () => {
        throw new Error('no collector')
      },
      note: () => {
        throw new Error('no collector')
      },
    },
  ],
  [
    'rejects',
    {
      refresh: (_, send) => send().then(() => Promise.reject(new Error('no collector'))),
      call: (_, send) => send({}).then(() => Promise.reject(new Error('no collector'))),
      note: () => {},
    },
  ],
  [
    'sends twice, and never ends',
    {
      refresh: (_, send) => Promise.all([send(), send(), new Promise(() => {})]),
      call: (_, send) => Promise.all([send({}), send({}), new Promise(() => {})]),
      note: () => {},
    },
  ],
])('telemetry that %s changes nothing', async (_, telemetry) => {
  const error = console.error
  console.error = () => {}
  try {
    const { page, clock, seen, notices } = await world(ok, [renewed], { telemetry })
    clock.pass(11 * MINUTE)
    expect((await page.get('/api/users')).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${bearer(2)}`])
    expect(notices.filter(({ type }) => type === 'refreshSent')).toHaveLength(1)
  } finally {
    console.error = error
  }
})
