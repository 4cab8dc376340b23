/**
 * The server of an admin panel, as a process of its own. The environment says where everything is: docs/deployment.md
 * has the list. Standard output is a log, one JSON object a line; SIGTERM drains. Copy it, and put your panel's pages
 * in.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { librechatLogin } from 'xstate-session/librechat-login'
import { toNodeListener, toUpgradeListener } from 'xstate-session/node'
import { clientIp, createSessionServer, jsonLines, type RequestInfo } from 'xstate-session/server'
import { createMetrics } from './metrics.ts'
import { standInPage } from './pages.ts'
import { readSettings } from './settings.ts'
import { openStorage } from './storage.ts'

/** How long answers may take to reach their browsers after the server has drained. */
const LAST_ANSWERS_MS = 5_000
const STEP_MS = 50

const settings = readSettings(process.env)
const log = jsonLines()
const metrics = createMetrics()
const storage = await openStorage(settings, (code) => log({ type: 'coordinator', code }))

const server = createSessionServer({
  publicUrl: settings.publicUrl,
  secrets: settings.secrets,
  logins: {
    librechat: librechatLogin({
      baseUrl: settings.backendUrl,
      ...(!settings.isLimited && { rateLimit: false }),
    }),
  },
  // Else the backend counts everybody's logins for this server, and strangers use them up.
  forwardClientIp: clientIp(settings.trustedHops),
  store: storage.store,
  ...(storage.coordinator && { coordinator: storage.coordinator }),
  ...(settings.leadTimeMs && { leadTimeMs: settings.leadTimeMs }),
  // A notice holds no token and no personal data: it may go to any log as it is.
  observe(notice) {
    metrics.count(notice)
    log(notice)
  },
})

/** The panel itself would be here. */
async function handle(request: Request, info: RequestInfo): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (request.method !== 'GET' || (pathname !== '/' && pathname !== '/login'))
    return server.handle(request, info)
  const { user } = await server.getSession(request, { readOnly: true })
  return standInPage(user ? (user.name ?? user.id) : undefined)
}

let isDraining = false
const seen = { origin: new URL(settings.publicUrl).origin }
const front = createServer(toNodeListener(handle, seen))
front.on('upgrade', toUpgradeListener(handle, seen))
const unanswered = new Set<ServerResponse>()
front.on('request', (_, response) => {
  unanswered.add(response)
  response.once('close', () => unanswered.delete(response))
})
// For the machines of the operator, never for browsers: on a port of its own.
const inside = createServer(async (request, response) => {
  if (request.url === '/metrics')
    response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
  else if (request.url === '/ready') response.writeHead(isDraining ? 503 : 200).end()
  else response.writeHead(404).end()
})

process.once('SIGTERM', async () => {
  isDraining = true
  log({ type: 'draining' })
  front.close()
  // A refresh that is in the air lands, and its token is written, before anything closes.
  await server.drain()
  // Answers may still be on their way to browsers.
  for (let tries = 0; unanswered.size > 0 && tries < LAST_ANSWERS_MS / STEP_MS; tries++) await sleep(STEP_MS)
  // Connections that wait for nothing: browsers keep some, and open some in advance.
  front.closeAllConnections()
  inside.close()
  inside.closeAllConnections()
  await storage.close()
  log({ type: 'stopped' })
})
// Ctrl-C in a terminal reaches everybody; whoever started us says when to stop.
process.on('SIGINT', () => {})

front.listen(settings.port, '127.0.0.1', () =>
  inside.listen(settings.insidePort, '127.0.0.1', () => {
    const { port } = inside.address() as AddressInfo
    log({ type: 'listening', inside: `http://127.0.0.1:${port}` })
    void server.check().then((findings) => {
      for (const { check, state, message } of findings)
        if (state === 'wrong') log({ type: 'wrong', level: 'error', check, message })
    })
  }),
)
