import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startBackend } from '../backend/startBackend.ts'
import { startBalancer } from './balancer.ts'
import { clusterStores } from './clusterStore.ts'
import { type Bff, freePort, killAll, startBff } from './processes.ts'
import { idsOf, judge, lost, say, sendsOf } from './story.ts'
import { startTraffic } from './traffic.ts'
import { createVisitor } from './visitor.ts'

const usage = `npm run cluster                      three processes and Redis, until Ctrl-C
npm run cluster -- --store postgres  the same over PostgreSQL
npm run cluster -- --once            the story, checked; the exit code tells`
const LIFE_MS = 6_000
const SESSIONS = 6
const SCENE_MS = 7_000

const { isOnce, open } = read()
const folder = mkdtempSync(join(tmpdir(), 'cluster-'))
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const frontPort = isOnce ? await freePort() : 3000
const publicUrl = `http://127.0.0.1:${frontPort}`
const backend = await startBackend({ panelUrl: publicUrl, knobs: { sessionMs: LIFE_MS } })
try {
  const secret = randomBytes(32).toString('base64')
  const store = await open(folder, secret)
  const env = {
    BACKEND_URL: backend.url,
    PUBLIC_URL: publicUrl,
    SESSION_SECRETS: secret,
    ...store.env,
    LEAD_TIME_MS: '2500',
    BACKEND_LIMITER: 'off',
  }
  const ports = [await freePort(), await freePort(), await freePort()]
  const print = (name: string) => (line: string) => {
    if (!isOnce) say(`${name} ${line}`)
  }
  const launch = (i: number) => startBff(ports[i] ?? 0, env, print(`process ${i + 1}`))
  const processes: Bff[] = await Promise.all(ports.map((_, i) => launch(i)))
  const balancer = await startBalancer(
    frontPort,
    processes.map(({ url }) => url),
  )

  say(`Three processes of one panel server, over one ${store.title}, behind a round robin.`)
  say(
    `Bearers live ${LIFE_MS / 1000} s. A refresh token works once: used twice, the provider revokes the login.`,
  )
  if (isOnce) await tell()
  else await live()

  async function tell(): Promise<void> {
    const send = (path: string, init: RequestInit) => fetch(new URL(path, publicUrl), init)
    const visitors = Array.from({ length: SESSIONS }, (_, i) =>
      createVisitor(`browser ${i + 1}`, i % 2 ? 'localAdmin' : 'openidAdmin', send, publicUrl),
    )
    for (const visitor of visitors) await visitor.logIn()
    const ids = await idsOf(visitors)
    const traffic = startTraffic(visitors)
    say(`\n1. ${SESSIONS} admins log in, and each works in three tabs: every call may reach another process.`)
    await sleep(SCENE_MS, undefined, { signal: stop.signal })
    report()
    for (const i of [0, 1, 2]) {
      say(`\n${i + 2}. Process ${i + 1} is killed (SIGKILL). A second later a new one takes its place.`)
      // In the middle of a refresh there would be one more story to tell: docs/operations.md tells it.
      await processes[i]?.killBetweenRefreshes(store)
      await sleep(1_000, undefined, { signal: stop.signal })
      processes[i] = await launch(i)
      await sleep(SCENE_MS - 1_000, undefined, { signal: stop.signal })
      report()
    }
    say('\n5. A new release: each process is told to stop (SIGTERM), drains, and is started again.')
    let unclean = 0
    for (const i of [0, 1, 2]) {
      if ((await processes[i]?.stop('SIGTERM')) !== 0) unclean++
      processes[i] = await launch(i)
      await sleep(1_500, undefined, { signal: stop.signal })
    }
    report()
    const { calls, failed } = await traffic.stop()
    const { refreshes, most, replays } = sendsOf(backend)
    const isGood = judge([
      { what: 'sessions lost', expected: 0, seen: await lost(visitors, ids) },
      { what: `calls that failed, of ${calls}`, expected: 0, seen: failed },
      { what: 'processes that did not stop cleanly', expected: 0, seen: unclean },
      { what: 'times the busiest refresh token was presented', expected: 1, seen: most },
      { what: 'refresh tokens presented after they were spent', expected: 0, seen: replays },
    ])
    say(
      `\n${refreshes} refreshes served ${calls} calls; a browser noticed nothing of three deaths and a release.`,
    )
    process.exitCode = isGood ? 0 : 1

    function report(): void {
      const { refreshes, most } = sendsOf(backend)
      const { calls, failed } = traffic.counts()
      say(
        `   ${calls} calls, ${failed} failed, ${balancer.counts.moved} taken over by another process; ` +
          `${refreshes} refreshes, no token presented more than ${most}x.`,
      )
    }
  }

  async function live(): Promise<void> {
    say(`\nOpen ${publicUrl}, sign in, choose olga; then call ${publicUrl}/api/admin/users.`)
    say(`Kill any of the processes; metrics: ${processes.map(({ inside }) => `${inside}/metrics`).join(' ')}`)
    say('Ctrl-C stops.')
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  }

  balancer.close()
  await Promise.all(processes.map((bff) => bff.stop('SIGTERM')))
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
} finally {
  killAll()
  await backend.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
}

function read() {
  try {
    const { values } = parseArgs({ options: { once: { type: 'boolean' }, store: { type: 'string' } } })
    const kind = values.store ?? 'redis'
    if (kind === 'redis' || kind === 'postgres')
      return { isOnce: values.once === true, open: clusterStores[kind] }
  } catch {
    // Told below.
  }
  console.error(usage)
  process.exit(2)
}
