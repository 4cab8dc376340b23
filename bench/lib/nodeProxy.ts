/**
 * A reverse proxy on Node, run as a process of its own: `node nodeProxy.ts KIND SETTINGS`. `ours` is the server with
 * its sessions, on the two ways that calls go on; the others are bare, and put one bearer into every call.
 */
import { Agent, createServer, type RequestListener, request } from 'node:http'
import { Readable } from 'node:stream'
import { ClientSecretBasic } from 'oauth4webapi'
import { Pool } from 'undici'
import { toNodeListener } from 'xstate-session/node'
import { oauthLogin } from 'xstate-session/oauth-login'
import { createSessionServer } from 'xstate-session/server'
import type { ProxySettings } from './startProxies.ts'

const [, , kind = '', text = ''] = process.argv
const { port, target, issuer, clientSecret, bearer } = JSON.parse(text) as ProxySettings
const authorization = `Bearer ${bearer}`

function streams(): RequestListener {
  const agent = new Agent({ keepAlive: true })
  return (incoming, outgoing) => {
    const { method, url } = incoming
    const headers = { ...incoming.headers, authorization }
    incoming.pipe(
      request(`${target}${url}`, { method, headers, agent }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      }),
    )
  }
}

function undici(): RequestListener {
  const pool = new Pool(target)
  return (incoming, outgoing) => {
    const { method = 'GET', url = '/' } = incoming
    const { connection: _, ...rest } = incoming.headers
    const body = method === 'GET' ? null : incoming
    const call = { method, path: url, headers: { ...rest, authorization }, body } as Parameters<
      Pool['stream']
    >[0]
    pool
      .stream(call, ({ statusCode, headers }) => outgoing.writeHead(statusCode, headers))
      .catch(() => outgoing.destroy())
  }
}

function platformFetch(): RequestListener {
  return async (incoming, outgoing) => {
    const answer = await fetch(`${target}${incoming.url}`, { headers: { authorization } })
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body) Readable.fromWeb(answer.body as never).pipe(outgoing)
    else outgoing.end()
  }
}

function ours(more: { readonly fetch?: typeof fetch } = {}): RequestListener {
  const publicUrl = `http://127.0.0.1:${port}/`
  const server = createSessionServer({
    publicUrl,
    secrets: ['a secret of a server, at least 32 characters'],
    logins: {
      staff: oauthLogin({ server: issuer, clientId: 'panel', clientAuth: ClientSecretBasic(clientSecret) }),
    },
    api: { '/api/': { target: `${target}/` } },
    observe: () => {},
    ...more,
  })
  return toNodeListener(server.handle, { origin: new URL(publicUrl).origin })
}

const kinds: Readonly<Record<string, () => RequestListener>> = {
  streams,
  undici,
  fetch: platformFetch,
  ours,
  oursByFetch: () => ours({ fetch: (input, init) => fetch(input, init) }),
}

const listener = kinds[kind]?.()
if (!listener) throw new Error(`Unknown: ${kind}.`)
createServer(listener).listen(port, '127.0.0.1')
