import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBackend } from '../backend/startBackend.ts'
import { freePort, killAll, startBff } from './processes.ts'
import { idsOf, judge, lost, say, sendsOf } from './story.ts'
import { createVisitor } from './visitor.ts'

const usage = `npm run server             one process and a file, until Ctrl-C
npm run server -- --once   the story, checked; the exit code tells`
const LIFE_MS = 4_000

const flags = process.argv.slice(2)
if (flags.some((flag) => flag !== '--once')) {
  console.error(usage)
  process.exit(2)
}
const isOnce = flags.includes('--once')
const folder = mkdtempSync(join(tmpdir(), 'server-'))
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const port = isOnce ? await freePort() : 3000
const publicUrl = `http://127.0.0.1:${port}`
const backend = await startBackend({ panelUrl: publicUrl, knobs: { sessionMs: LIFE_MS } })
const env = {
  BACKEND_URL: backend.url,
  PUBLIC_URL: publicUrl,
  SESSION_SECRETS: randomBytes(32).toString('base64'),
  DATABASE: join(folder, 'sessions.db'),
  LEAD_TIME_MS: '1500',
  BACKEND_LIMITER: 'off',
}
try {
  if (isOnce) await tell()
  else await live()
} catch (error) {
  if (!stop.signal.aborted) throw error
  process.exitCode = 130
} finally {
  killAll()
  await backend.close()
  rmSync(folder, { recursive: true, force: true })
}

async function tell(): Promise<void> {
  say('One panel server, its sessions in a SQLite file.')
  let bff = await startBff(port, env)
  const send = (path: string, init: RequestInit) => fetch(new URL(path, publicUrl), init)
  const visitors = (['openidAdmin', 'localAdmin'] as const).map((account) =>
    createVisitor(account, account, send, publicUrl),
  )
  for (const visitor of visitors) await visitor.logIn()
  const ids = await idsOf(visitors)
  say(
    '\n1. Two admins log in: Olga through the provider, Ada with a password. The browser has a cookie, no token.',
  )
  let failed = 0
  let calls = 0
  const work = async (atOnce: number): Promise<void> => {
    const all = visitors.flatMap((visitor) =>
      Array.from({ length: atOnce }, () => visitor.call().catch(() => 0)),
    )
    for (const status of await Promise.all(all)) {
      calls++
      if (status !== 200) failed++
    }
  }
  await work(10)

  say(`2. ${LIFE_MS / 1000} s later their bearers have ended. 50 calls of each arrive at once.`)
  await sleep(LIFE_MS, undefined, { signal: stop.signal })
  await work(50)
  const { refreshes } = sendsOf(backend)

  say(
    '3. The server is told to stop (SIGTERM) while it answers ten calls. It drains; another starts over the same file.',
  )
  const slow = backend.faults.inject('data', { kind: 'drip', bytes: 32, everyMs: 30 }, { times: 10 })
  const underWay = work(5)
  while (slow.hits < 10) await sleep(5)
  const exit = await bff.stop('SIGTERM')
  await underWay
  bff = await startBff(port, env)
  const lostByStop = await lost(visitors, ids)

  say('4. Their bearers end while it is killed (SIGKILL) and started again.')
  await bff.stop('SIGKILL')
  await sleep(LIFE_MS, undefined, { signal: stop.signal })
  bff = await startBff(port, env)
  await work(20)
  const lostByKill = await lost(visitors, ids)
  const metrics = await (await fetch(`${bff.inside}/metrics`)).text()
  await bff.stop('SIGTERM')

  const sends = sendsOf(backend)
  say('')
  const isGood = judge([
    { what: 'refreshes for the 100 calls of scene 2, one each', expected: 2, seen: refreshes },
    { what: 'exit code after SIGTERM', expected: 0, seen: exit ?? -1 },
    { what: 'sessions lost by the restart', expected: 0, seen: lostByStop },
    { what: 'sessions lost by the kill', expected: 0, seen: lostByKill },
    { what: `calls that failed, of ${calls}`, expected: 0, seen: failed },
    { what: 'times the busiest refresh token was presented', expected: 1, seen: sends.most },
    { what: 'refresh tokens presented after they were spent', expected: 0, seen: sends.replays },
  ])
  say('\nWhat Prometheus reads at /metrics of the last process:')
  say(
    metrics
      .split('\n')
      .filter((line) => line.startsWith('session_notices_total{'))
      .join('\n'),
  )
  process.exitCode = isGood ? 0 : 1
}

async function live(): Promise<void> {
  const bff = await startBff(port, env, say)
  const { email, password } = backend.accounts.localAdmin
  say(`
Panel server ${publicUrl}, in front of ${backend.url}. Bearers live ${LIFE_MS / 1000} s.

In a browser: ${publicUrl} (sign in, choose olga), then ${publicUrl}/api/admin/users.
With a password:
  curl -i -c jar ${publicUrl}/session/login -H 'Content-Type: application/json' -H 'X-CSRF: 1' \\
    -d '{"email":"${email}","password":"${password}"}'
  curl -i -b jar ${publicUrl}/session/
  curl -i -b jar ${publicUrl}/api/admin/users
Metrics: ${bff.inside}/metrics   Ctrl-C stops.
`)
  await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()))
  await bff.stop('SIGTERM')
}
