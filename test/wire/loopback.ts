import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

async function listen(server: Server): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  })
  return (server.address() as AddressInfo).port
}

/**
 * A server that speaks whatever `onRequest` writes. `onRequest` is called once per connection, with the bytes of
 * a whole request; `onConnection` as soon as the connection stands.
 */
export async function rawServer(
  onRequest: (socket: Socket, received: string) => void,
  onConnection: (socket: Socket) => void = () => {},
) {
  const received: string[] = []
  const server = createServer((socket) => {
    let text = ''
    onConnection(socket)
    socket.on('data', (chunk) => {
      const before = isWhole(text)
      text += chunk.toString('latin1')
      if (before || !isWhole(text)) return
      received.push(text)
      onRequest(socket, text)
    })
  })
  const port = await listen(server)
  return { received, port, baseUrl: `http://127.0.0.1:${port}/` }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0)
  return end >= 0 && text.length >= end + 4 + length
}

export async function httpServer(listener: RequestListener) {
  const server = createHttp(listener)
  const connections: Socket[] = []
  server.on('connection', (socket) => connections.push(socket))
  const port = await listen(server)
  return { server, connections, port, baseUrl: `http://127.0.0.1:${port}/` }
}

/** Any server that `node:net` can listen with: TLS, HTTP/2. */
export async function portOf(server: Server): Promise<number> {
  return listen(server)
}

/** A port that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A certificate of its own authority, for the given name. */
export function certificate(subjectAltName: string): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'))
  const file = (name: string) => join(folder, name)
  try {
    const created = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    const named = ['-subj', '/CN=test', '-addext', `subjectAltName=${subjectAltName}`]
    execFileSync('openssl', [...created, ...named, '-keyout', file('key'), '-out', file('cert')], {
      stdio: 'ignore',
    })
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A complete HTTP/1.1 answer with JSON. */
export function jsonAnswer(body: unknown, headers = ''): string {
  const text = JSON.stringify(body)
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n${headers}\r\n${text}`
}
