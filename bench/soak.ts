/**
 * A soak: as many calls as the machine sustains, by sessions whose bearers live for a minute and whose refresh tokens rotate.
 *
 *   node bench/soak.ts [--minutes 20] [--sessions 2000] [--publish]
 *
 * Prints each minute, and at the end who was lost. `--publish`: the page to look at goes to `docs/runs`. Exits with 1 where a
 * session was lost or a token was sent twice.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { keepRun } from '../test/runs/keepRun.ts'
import { startProgress } from '../test/runs/startProgress.ts'
import { type SoakPart, soakPage } from './lib/soakPage.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    sessions: { type: 'string', default: '2000' },
    publish: { type: 'boolean', default: false },
  },
})
const [minutes, sessions] = [Number(values.minutes), Number(values.sessions)]
const CLIENTS = 16
const MINUTE_MS = 60_000
/** The columns of the page's drawing. */
const PARTS = 60

/** The refresh tokens that may be sent. */
const valid = new Set<string>()
let tokens = 0
let refreshes = 0
let twice = 0

function issue() {
  const refresh = String(tokens++).padStart(500, 'r')
  valid.add(refresh)
  return {
    body: JSON.stringify({
      token: String(tokens).padStart(700, 'b'),
      user: { id: 'ada', name: 'Ada', email: 'ada@example.com', role: 'ADMIN' },
    }),
    cookie: `refreshToken=${refresh}; Path=/; HttpOnly; SameSite=Strict`,
  }
}

const backend = createServer((incoming, outgoing) => {
  incoming.resume()
  const path = incoming.url ?? ''
  if (!/login|refresh/.test(path)) {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': 11 })
    return void outgoing.end('{"ok":true}')
  }
  if (path.includes('refresh')) {
    refreshes++
    const sent = /refreshToken=([^;]+)/.exec(incoming.headers.cookie ?? '')?.[1] ?? ''
    if (!valid.delete(sent)) twice++
  }
  const { body, cookie } = issue()
  outgoing.writeHead(200, { 'content-type': 'application/json', 'set-cookie': cookie }).end(body)
})
await once(backend.listen(0, '127.0.0.1'), 'listening')
const { port: backendPort } = backend.address() as AddressInfo

const child = fork(new URL('./lib/soakServer.ts', import.meta.url), [`http://127.0.0.1:${backendPort}`])
const [port] = (await once(child, 'message')) as [number]
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })

function send(method: string, path: string, headers: Record<string, string>, body = '') {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; cookie: string }>()
  const sent = request({ host: '127.0.0.1', port, method, path, agent, headers }, (answer) => {
    const [line = ''] = answer.headers['set-cookie'] ?? []
    answer
      .resume()
      .on('end', () => resolve({ status: answer.statusCode ?? 0, cookie: line.slice(0, line.indexOf(';')) }))
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

const origin = `http://127.0.0.1:${port}`
const cookies: string[] = []
const loggingIn = performance.now()
const logins = startProgress({ unit: 'logins', total: sessions })
for (let n = 0; n < sessions; n++) {
  const login = { 'content-type': 'application/json', 'x-csrf': '1', origin }
  const body = '{"email":"ada@example.com","password":"a long password"}'
  cookies.push((await send('POST', '/session/login', login, body)).cookie)
  logins.at(n + 1)
}

logins.end()
const loginsASecond = Math.round((sessions * 1_000) / (performance.now() - loggingIn))
console.log(`${loginsASecond} logins a second, one after the other`)

const memoryOf = (pid = 0) =>
  (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024) / 1e6

const start = performance.now()
const until = start + minutes * MINUTE_MS
let calls = 0
let served = 0
const failures = new Map<number, number>()
let printed = 0
const parts: SoakPart[] = []

async function client(lane: number) {
  for (let n = lane; performance.now() < until; n = (n + CLIENTS) % sessions) {
    const { status } = await send('GET', '/api/admin/users', { cookie: cookies[n] as string })
    calls++
    if (status === 200) served++
    else failures.set(status, (failures.get(status) ?? 0) + 1)
  }
}

console.log('| minute | calls a second | refreshes | memory, MB |\n| ---: | ---: | ---: | ---: |')

/** What there is more of since it was asked last. */
function sinceLast() {
  const last = { calls: 0, refreshes: 0 }
  return () => {
    const since = { calls: calls - last.calls, refreshes: refreshes - last.refreshes }
    Object.assign(last, { calls, refreshes })
    return { ...since, memory: memoryOf(child.pid) }
  }
}

const [ofMinute, ofPart] = [sinceLast(), sinceLast()]
const progress = startProgress({ unit: 's', total: minutes * 60 })
const counting = setInterval(() => progress.at((performance.now() - start) / 1_000), 1_000)
const partSeconds = (minutes * 60) / PARTS
const drawing = setInterval(() => parts.push(ofPart()), partSeconds * 1_000)
const ticking = setInterval(() => {
  const minute = ofMinute()
  progress.hide()
  console.log(
    `| ${++printed} | ${Math.round(minute.calls / 60)} | ${minute.refreshes} | ${minute.memory.toFixed(0)} |`,
  )
}, MINUTE_MS)
await Promise.all(Array.from({ length: CLIENTS }, (_, lane) => client(lane)))
for (const timer of [ticking, drawing, counting]) clearInterval(timer)
progress.end()

let lost = 0
for (const cookie of cookies) if ((await send('GET', '/api/admin/users', { cookie })).status !== 200) lost++
console.log(
  `\n${calls} calls, ${served} served, ${refreshes} refreshes; others: ${JSON.stringify([...failures])}\n${lost} of ${sessions} sessions lost, ${twice} tokens sent twice`,
)
const command = ['node bench/soak.ts', ...process.argv.slice(2).filter((word) => word !== '--publish')].join(
  ' ',
)
const soaked = { parts, partSeconds, sessions, loginsASecond, calls, served, failures, lost, twice }
keepRun('soak', soakPage(soaked, command), values.publish)
child.kill()
backend.close()
agent.destroy()
process.exit(lost > 0 || twice > 0 ? 1 : 0)
