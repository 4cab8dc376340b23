/**
 * The loopback server, run as a worker so that it does not share the event loop. `POST /refresh` answers a bearer
 * after 5 ms; `GET /late?ms=30` refuses the bearer that everybody starts with, after that time; `GET /api/bearer`
 * answers the bearer that it was given; the rest is 200.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** As most proxies pass it on, or as oauth2-proxy does. */
const bearerOf = ({ authorization, 'x-forwarded-access-token': forwarded }: IncomingHttpHeaders) =>
  String(forwarded ?? authorization?.slice('Bearer '.length))

const server = createServer((request, response) => {
  const answer = (status: number, body: string) => {
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': body.length })
    response.end(body)
  }
  const url = request.url ?? '/'
  if (url === '/refresh') setTimeout(answer, 5, 200, 'renewed')
  else if (url.startsWith('/late?ms=') && request.headers.authorization === 'Bearer start')
    setTimeout(answer, Number(url.slice(9)), 401, '')
  else if (url === '/api/bearer') answer(200, bearerOf(request.headers))
  else answer(200, '{"ok":true}')
})

server.listen(0, '127.0.0.1', () => {
  parentPort?.postMessage((server.address() as AddressInfo).port)
})
