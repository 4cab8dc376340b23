/**
 * The herd, in a process of its own: so many sessions whose bearers end within one minute, at a backend that allows so many
 * refreshes a second. Each page asks when its bearer ends, and comes back when it is told to. Prints one JSON line.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { backend, LIFE_MS, panel } from './panel.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '50000' },
    allowed: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '120' },
  },
})
const [sessions, allowed, seconds] = [values.sessions, values.allowed, values.seconds].map(Number) as [
  number,
  number,
  number,
]
const DUE_WITHIN_MS = 60_000
const LEAD_MS = 30_000
const RTT_MS = 5
const STEP_MS = 5

const perSecond = new Map<number, number>()
let sends = 0
let served = 0
let notices = 0

const { login, pass, server } = panel({
  observe: () => notices++,
  async fetch(input) {
    const { pathname } = new URL(input instanceof Request ? input.url : String(input))
    if (!pathname.endsWith('/refresh')) return backend(String(input instanceof Request ? input.url : input))
    sends++
    const second = Math.floor(performance.now() / 1_000)
    const inThis = (perSecond.get(second) ?? 0) + 1
    perSecond.set(second, inThis)
    await sleep(RTT_MS)
    if (inThis > allowed)
      return new Response('{"message":"Too many requests"}', { status: 429, headers: { 'retry-after': '1' } })
    served++
    return backend(String(input instanceof Request ? input.url : input))
  },
})

const cookies: string[] = []
for (let n = 0; n < sessions; n++) {
  cookies.push(await login())
  // Clocks are whole milliseconds.
  const at = (k: number) => Math.round((k * DUE_WITHIN_MS) / sessions)
  pass(at(n + 1) - at(n))
}
globalThis.gc?.()
const restBytes = process.memoryUsage.rss()
pass(LIFE_MS - DUE_WITHIN_MS - LEAD_MS)

/** What is to be called at each step of the run. */
const steps = new Map<number, number[]>()
const plan = (n: number, atMs: number) => {
  const step = Math.ceil(atMs / STEP_MS)
  const there = steps.get(step)
  if (there) there.push(n)
  else steps.set(step, [n])
}
for (let n = 0; n < sessions; n++) plan(n, (n * DUE_WITHIN_MS) / sessions + LEAD_MS / 2)

const loop = monitorEventLoopDelay({ resolution: 1 })
loop.enable()
const start = performance.now()
let peakBytes = 0
let calls = 0

async function call(n: number): Promise<void> {
  calls++
  const before = served
  const answer = await server.handle(
    new Request('http://127.0.0.1/api/admin/users', { headers: { cookie: cookies[n] as string } }),
  )
  await answer.text()
  const now = performance.now() - start
  const waitMs = Number(answer.headers.get('retry-after')) * 1_000
  if (answer.status !== 200) plan(n, now + Math.max(waitMs, 1_000))
  // With a bearer that still lives the call was served without a refresh: the page comes back, as pages do.
  else if (served === before) plan(n, now + 5_000)
}

for (let done = -1; performance.now() - start < seconds * 1_000; ) {
  const step = Math.floor((performance.now() - start) / STEP_MS)
  for (; done < step; done++) {
    for (const n of steps.get(done + 1) ?? []) void call(n).catch(() => {})
    steps.delete(done + 1)
  }
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
  await sleep(STEP_MS)
}
process.stdout.write(
  `${JSON.stringify({
    sends,
    served,
    calls,
    notices,
    most: Math.max(...perSecond.values()),
    blockedMs: loop.max / 1e6,
    restBytes,
    peakBytes,
  })}\n`,
)
process.exit(0)
