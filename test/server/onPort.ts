import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { toNodeListener, toUpgradeListener } from 'xstate-session/node'
import type { ServerNotice } from 'xstate-session/server'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'
import { mounted } from './way.ts'
import { SECRET } from './world.ts'

/** A listener on a free port of loopback, until its test has finished. */
export async function onPort(
  listener: RequestListener,
  upgrade?: ReturnType<typeof toUpgradeListener>,
): Promise<{ readonly port: number; readonly url: string }> {
  const server = createServer(listener)
  if (upgrade) server.on('upgrade', upgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}` }
}

const BEARER = `e30.${btoa(JSON.stringify({ iat: 1, exp: 9e9 })).replaceAll('=', '')}.c2ln`
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A panel on a port of its own, whose `cookie` holds a session, before a backend that answers by `answer`. */
export async function panelBefore(answer: RequestListener, more: Partial<LibrechatServerOptions> = {}) {
  const backend = await onPort((incoming, outgoing) => {
    if (incoming.url !== '/api/admin/login/local') return answer(incoming, outgoing)
    outgoing.writeHead(200, { ...JSON_TYPE, 'set-cookie': 'refreshToken=r; Path=/' })
    outgoing.end(JSON.stringify({ token: BEARER, user: { id: 'u' } }))
  })
  const notices: ServerNotice[] = []
  const server = librechatServer({
    baseUrl: backend.url,
    publicUrl: 'http://localhost/',
    secrets: [SECRET],
    rateLimit: false,
    observe: (notice) => notices.push(notice),
    ...more,
  })
  const seen = { origin: 'http://localhost' }
  const front = await onPort(
    toNodeListener(mounted(server.handle), seen),
    toUpgradeListener(server.handle, seen),
  )
  const login = await fetch(`${front.url}/session/login`, {
    method: 'POST',
    headers: { ...JSON_TYPE, 'x-csrf': '1' },
    body: '{"email":"a","password":"p"}',
  })
  const [cookie = ''] = login.headers.getSetCookie().map((line) => line.split(';')[0])
  /** What its page says with its calls. */
  const { login: csrf } = (await login.json()) as { login: string }
  return { server, notices, cookie, csrf, backend: backend.url, ...front }
}
