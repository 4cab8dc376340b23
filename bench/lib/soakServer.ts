/** A panel's server for `soak.ts`, in a process of its own: `node soakServer.ts BACKEND`. Tells its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { librechatLogin } from 'xstate-session/librechat-login'
import { toNodeListener } from 'xstate-session/node'
import { createSessionServer } from 'xstate-session/server'

const LIFE_MS = 60_000
const listening = createServer().listen(0, '127.0.0.1', () => {
  const { port } = listening.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const server = createSessionServer({
    publicUrl: `${origin}/`,
    secrets: ['a secret of a server, at least 32 characters'],
    lifetimeMs: LIFE_MS,
    logins: { librechat: librechatLogin({ baseUrl: process.argv[2] ?? '', rateLimit: false }) },
  })
  listening.on('request', toNodeListener(server.handle, { origin }))
  process.send?.(port)
})
