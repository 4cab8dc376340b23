/**
 * Three reverse proxies to the server at `workerData`, run as a worker: ours with one session, one of streams alone,
 * and one on the platform's `fetch`, which is what ours stands on.
 */
import { Agent, createServer, type RequestListener, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { parentPort, workerData } from 'node:worker_threads'
import { toNodeListener } from 'xstate-session/node'
import { backend, panel } from './panel.ts'

const target = workerData as string
const agent = new Agent({ keepAlive: true })

const streams: RequestListener = (incoming, outgoing) => {
  const { method, headers } = incoming
  incoming.pipe(
    request(`${target}${incoming.url}`, { method, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    }),
  )
}

const fetches: RequestListener = async (incoming, outgoing) => {
  const answer = await fetch(`${target}${incoming.url}`, { headers: { authorization: 'Bearer start' } })
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body) Readable.fromWeb(answer.body as never).pipe(outgoing)
  else outgoing.end()
}

const { server, login } = panel({
  baseUrl: target,
  fetch(input, init) {
    const url = input instanceof Request ? input.url : String(input)
    return url.endsWith('/login/local') ? backend(url) : fetch(input, init)
  },
})

async function listen(listener: RequestListener): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const made = createServer(listener).listen(0, '127.0.0.1', resolve)
  await promise
  return (made.address() as AddressInfo).port
}

parentPort?.postMessage({
  cookie: await login(),
  ours: await listen(toNodeListener(server.handle, { origin: 'http://127.0.0.1' })),
  streams: await listen(streams),
  fetches: await listen(fetches),
})
