import { createHash } from 'node:crypto'
import { Agent, request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayAnswer } from '../proof/world/gateways.ts'
import type { Random } from '../proof/world/random.ts'
import type { Arrival, Issue, Presentation } from './history.ts'

/** What is wrong with the way of a refresh, at the moment: probabilities, and milliseconds. */
export interface WireFaults {
  delayMs: number
  resetBefore: number
  resetAfter: number
  truncate: number
  unavailable: number
  /** A gateway answers every request in place of the backend; absent: it passes them on. */
  gateway: GatewayAnswer | undefined
  /** The backend cannot ask the provider, or its database: it says what it also says of a dead token. */
  providerDown: number
}

export const healthy = (): WireFaults => ({
  delayMs: 0,
  resetBefore: 0,
  resetAfter: 0,
  truncate: 0,
  unavailable: 0,
  gateway: undefined,
  providerDown: 0,
})

export const nameOf = (token: string) => createHash('sha256').update(token).digest('hex').slice(0, 12)

const REFRESH = ['/api/admin/oauth/refresh', '/api/auth/refresh']
const LOGOUT = '/api/auth/logout'
const LOGIN = ['/api/admin/oauth/exchange', '/api/admin/login/local']

/**
 * Stands between one process and the backend. It writes down every refresh token that passes, by a hash, and what
 * became of it; and it spoils some of the refreshes on their way.
 */
export function createRefreshProxies(backend: string, random: Random) {
  const presentations: Presentation[] = []
  const issues: Issue[] = []
  const arrivals: Arrival[] = []
  const revoked: string[] = []
  const faults = healthy()
  const sessionOf = new Map<string, string>()
  const target = new URL(backend)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const servers: { close(): void; closeAllConnections(): void }[] = []

  async function start(process: number): Promise<string> {
    const server = createServer((incoming, outgoing) => {
      pass(process, incoming, outgoing).catch(() => outgoing.destroy())
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async function pass(process: number, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await whole(incoming)
    const path = incoming.url ?? '/'
    const { gateway } = faults
    if (gateway && !REFRESH.includes(path))
      return void outgoing.writeHead(gateway.status, gateway.headers).end(gateway.body)
    const client = String(incoming.headers['x-forwarded-for'] ?? '')
    if (REFRESH.includes(path)) return refresh(process, incoming, body, outgoing)
    const bearer = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '')?.[1]
    if (path === LOGOUT) revoked.push(nameOf(cookieOf(incoming) ?? ''))
    // A logout may renew once more to be heard: what that brings is used for it and kept nowhere.
    if (bearer && client && path !== LOGOUT)
      arrivals.push({ at: Date.now(), process, session: client, bearer: nameOf(bearer), path })
    const answer = await forward(incoming, body)
    if (LOGIN.includes(path)) learn(answer, client)
    outgoing.writeHead(answer.status, answer.rawHeaders).end(answer.body)
  }

  async function refresh(process: number, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse) {
    const token = tokenOf(incoming, body)
    const name = nameOf(token)
    const session = sessionOf.get(name) ?? 'unknown'
    const at = Date.now()
    const conclude = (fate: Presentation['fate']) =>
      void presentations.push({ token: name, session, process, at, doneAt: Date.now(), fate })
    // Drawn at once, so that the order of the draws is the order of arrival.
    const [before, after, cut, down] = [random.next(), random.next(), random.next(), random.next()]
    const failed = random.next()
    if (faults.delayMs) await sleep(faults.delayMs)
    if (down < faults.unavailable) {
      conclude('refused')
      return void outgoing.writeHead(503, { 'retry-after': '1' }).end()
    }
    const { gateway } = faults
    if (gateway) {
      conclude(gateway.fate)
      return void outgoing.writeHead(gateway.status, gateway.headers).end(gateway.body)
    }
    if (failed < faults.providerDown) {
      const isOpenid = incoming.url === REFRESH[0]
      outgoing.writeHead(isOpenid ? 401 : 403, {
        'content-type': isOpenid ? 'application/json' : 'text/html; charset=utf-8',
      })
      conclude('ambiguous')
      return void outgoing.end(
        isOpenid
          ? JSON.stringify({ error: 'Token refresh failed', error_code: 'REFRESH_FAILED' })
          : 'Invalid refresh token',
      )
    }
    if (before < faults.resetBefore) {
      conclude('lost')
      return void outgoing.socket?.resetAndDestroy()
    }
    const answer = await forward(incoming, body).catch(() => undefined)
    if (!answer) {
      conclude('lost')
      return void outgoing.destroy()
    }
    if (answer.status === 200) learn(answer, session)
    if (after < faults.resetAfter) {
      conclude('lost')
      return void outgoing.socket?.resetAndDestroy()
    }
    if (cut < faults.truncate) {
      outgoing.writeHead(answer.status, answer.rawHeaders)
      outgoing.write(answer.body.subarray(0, answer.body.length >> 1), () => outgoing.destroy())
      return conclude('lost')
    }
    const fate = fateOf(answer)
    // Who has given up, or died, does not read it.
    if (outgoing.destroyed) return conclude('lost')
    outgoing.once('close', () => conclude(outgoing.writableFinished ? fate : 'lost'))
    outgoing.writeHead(answer.status, answer.rawHeaders).end(answer.body)
  }

  /** Which tokens an answer brings, and to whom. */
  function learn(answer: Answer, session: string): void {
    const { token, refreshToken } = JSON.parse(answer.body.toString() || '{}') as Record<
      string,
      string | undefined
    >
    const cookie = answer.rawHeaders.find((value) => value.startsWith('refreshToken='))
    const next = refreshToken ?? cookie?.slice('refreshToken='.length).split(';')[0]
    if (!token || !next) return
    const { exp = 0 } = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}',
    ) as { exp?: number }
    sessionOf.set(nameOf(next), session)
    issues.push({
      token: nameOf(next),
      bearer: nameOf(token),
      bearerEndsAt: exp * 1000,
      session,
      at: Date.now(),
      isRevocable: refreshToken === undefined,
    })
  }

  function forward(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outward = ask(
        {
          host: target.hostname,
          port: target.port,
          path: incoming.url,
          method: incoming.method,
          headers: incoming.headers,
          agent,
        },
        (answer) => {
          whole(answer).then((text) => {
            const rawHeaders = answer.rawHeaders.filter(
              (_, i, all) => !/^(connection|keep-alive|transfer-encoding)$/i.test(all[i - (i % 2)] ?? ''),
            )
            resolve({ status: answer.statusCode ?? 502, rawHeaders, body: text })
          }, reject)
        },
      )
      outward.once('error', reject)
      outward.end(body)
    })
  }

  return {
    presentations,
    issues,
    arrivals,
    revoked,
    faults,
    start,
    close() {
      agent.destroy()
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

/** The words by which LibreChat says no to a token, and means it. */
const CLEAR =
  /MISSING_REFRESH_TOKEN|_MISMATCH|USER_NOT_FOUND|FORBIDDEN|TOKEN_REUSE_DISABLED|Refresh token (?:expired or not found|not provided)/

/** What an answer tells its reader. */
function fateOf({ status, body }: Answer): Presentation['fate'] {
  if (status === 503 || status === 429) return 'refused'
  if (CLEAR.test(body.toString())) return 'rejected'
  return status === 200 ? 'delivered' : 'ambiguous'
}

interface Answer {
  readonly status: number
  readonly rawHeaders: string[]
  readonly body: Buffer
}

const cookieOf = ({ headers }: IncomingMessage) =>
  /(?:^|; )refreshToken=([^;]+)/.exec(headers.cookie ?? '')?.[1]

function tokenOf(incoming: IncomingMessage, body: Buffer): string {
  if (incoming.url === REFRESH[1]) return cookieOf(incoming) ?? ''
  return String((JSON.parse(body.toString() || '{}') as { refresh_token?: unknown }).refresh_token ?? '')
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}
