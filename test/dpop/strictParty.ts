import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, SignJWT } from 'jose'
import { listen } from '../../examples/backend/listen.ts'

/** What one server of the party asks of a proof (RFC 9449 sections 8 and 9). */
export interface Strictness {
  /**
   * `recent`: each that was told since the last `expireNonces` is good. `rotating`: only the newest. `always`: another one,
   * whatever comes. `repeated`: the same, whatever comes.
   */
  nonces: 'none' | 'recent' | 'rotating' | 'always' | 'repeated'
  /** How far a proof's `iat` may be off where it has no nonce; seconds. */
  iatSeconds: number
  /** Left out of each answer, as CORS leaves out what is not exposed. */
  hidden: readonly string[]
  /** What a page of another origin sees. */
  exposed: readonly string[]
}

interface Grant {
  readonly nonce: string
  readonly jkt: string | undefined
}

const lax = (): Strictness => ({
  nonces: 'none',
  iatSeconds: 10,
  hidden: [],
  exposed: ['DPoP-Nonce', 'WWW-Authenticate', 'Date'],
})

/** The clock of the party, which no test sets. */
const now = () => Math.floor((performance.timeOrigin + performance.now()) / 1000)

/** A provider and an API that look at every proof as RFC 9449 says, on one origin, each with its own nonces. */
export async function startStrictParty() {
  const server = await listen(0)
  const servers = { as: lax(), api: lax() }
  const knobs = { tokenType: 'DPoP' }
  const counts = { token: 0, api: 0 }
  const newest = { as: 'as-0', api: 'api-0' }
  const recent = new Set<unknown>()
  const log: { at: 'as' | 'api'; nonce: unknown; iat: unknown; status: number }[] = []
  const codes = new Map<string, Grant>()
  const refreshTokens = new Map<string, string>()
  const accessTokens = new Map<string, string>()
  const seen = new Set<unknown>()
  const key = randomBytes(32)
  let serial = 0

  /** The thumbprint of the proof's key, or the error of the protocol. */
  async function check(
    at: 'as' | 'api',
    request: IncomingMessage,
    token?: string,
  ): Promise<{ jkt: string } | { error: string }> {
    const strict = servers[at]
    const proof = request.headers.dpop
    if (typeof proof !== 'string') return { error: 'invalid_dpop_proof' }
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      currentDate: new Date(now() * 1000),
    })
    const { nonce, iat = 0, jti, htm, htu, ath } = payload
    log.push({ at, nonce, iat, status: 0 })
    const hash = token && createHash('sha256').update(token).digest('base64url')
    const isWhole = htm === request.method && htu === server.url + request.url?.split('?')[0] && ath === hash

    if (!isWhole || seen.has(jti) || 'd' in (protectedHeader.jwk ?? {}))
      return { error: 'invalid_dpop_proof' }
    seen.add(jti)
    const isGood = {
      none: true,
      recent: recent.has(nonce),
      rotating: nonce === newest[at],
      always: false,
      repeated: false,
    }
    if (!isGood[strict.nonces]) return { error: 'use_dpop_nonce' }
    if (strict.nonces === 'none' && Math.abs(iat - now()) > strict.iatSeconds)
      return { error: 'invalid_dpop_proof' }
    return { jkt: await calculateJwkThumbprint(protectedHeader.jwk ?? {}) }
  }

  function answer(
    at: 'as' | 'api',
    response: ServerResponse,
    status: number,
    body: object,
    more: Record<string, string> = {},
  ) {
    const { nonces, hidden, exposed } = servers[at]
    if (nonces !== 'none' && nonces !== 'repeated') newest[at] = `${at}-${++serial}`
    recent.add(newest[at])
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'access-control-expose-headers': exposed.join(),
      ...(nonces !== 'none' && { 'dpop-nonce': newest[at] }),
      ...more,
    }
    for (const name of hidden) delete headers[name]
    if (hidden.includes('date')) response.sendDate = false
    const last = log[log.length - 1]
    if (last) last.status = status
    response.writeHead(status, headers).end(JSON.stringify(body))
  }

  async function token(request: IncomingMessage, response: ServerResponse) {
    counts.token++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const proved = await check('as', request)
    if ('error' in proved) return answer('as', response, 400, proved)
    const code = codes.get(`${form.get('code')}`)
    const given = `${form.get('refresh_token')}`
    const jkt = code ? (code.jkt ?? proved.jkt) : refreshTokens.get(given)
    if (jkt !== proved.jkt) return answer('as', response, 400, { error: 'invalid_grant' })
    codes.delete(`${form.get('code')}`)
    refreshTokens.delete(given)
    const issued = { access: `at-${++serial}`, refresh: `rt-${serial}` }
    accessTokens.set(issued.access, jkt)
    refreshTokens.set(issued.refresh, jkt)
    const claims = code ? { nonce: code.nonce } : {}
    const idToken = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(server.url)
      .setAudience('panel')
      .setSubject('ada')
      .setIssuedAt(now())
      .setExpirationTime(now() + 600)
      .sign(key)
    answer('as', response, 200, {
      access_token: issued.access,
      refresh_token: issued.refresh,
      token_type: knobs.tokenType,
      expires_in: 600,
      id_token: idToken,
    })
  }

  async function api(request: IncomingMessage, response: ServerResponse) {
    counts.api++
    for await (const _ of request);
    const [scheme, given = ''] = `${request.headers.authorization}`.split(' ')
    const challenge = (error: string) => ({ 'www-authenticate': `DPoP error="${error}", algs="ES256"` })
    const jkt = scheme === 'DPoP' ? accessTokens.get(given) : undefined
    if (!jkt) return answer('api', response, 401, {}, challenge('invalid_token'))
    const proved = await check('api', request, given)
    if ('error' in proved) return answer('api', response, 401, {}, challenge(proved.error))
    if (proved.jkt !== jkt) return answer('api', response, 401, {}, challenge('invalid_token'))
    answer('api', response, 200, { method: request.method })
  }

  server.handle((request, response) => {
    if (request.method === 'OPTIONS') {
      const allowed = {
        'access-control-allow-origin': '*',
        'access-control-allow-headers': 'authorization, dpop',
      }
      return void response.writeHead(204, allowed).end()
    }
    const path = `${request.url}`.split('?')[0]
    const task =
      path === '/token'
        ? token(request, response)
        : path?.startsWith('/api/')
          ? api(request, response)
          : undefined
    if (task) task.catch(() => response.writeHead(500).end())
    else response.writeHead(404).end()
  })

  return {
    ...servers,
    knobs,
    counts,
    log,
    url: server.url,
    metadata: {
      issuer: server.url,
      authorization_endpoint: `${server.url}/authorize`,
      token_endpoint: `${server.url}/token`,
    },
    /** The user signs in on the provider's page: what comes back to the callback. */
    authorize(location: URL): URLSearchParams {
      const of = location.searchParams
      const code = `code-${++serial}`
      codes.set(code, { nonce: `${of.get('nonce')}`, jkt: of.get('dpop_jkt') ?? undefined })
      return new URLSearchParams({ code, state: `${of.get('state')}` })
    },
    expireNonces: () => recent.clear(),
    reset() {
      Object.assign(servers.as, lax())
      Object.assign(servers.api, lax())
      knobs.tokenType = 'DPoP'
      counts.token = 0
      counts.api = 0
      log.length = 0
    },
    close: server.close,
  }
}

export type StrictParty = Awaited<ReturnType<typeof startStrictParty>>
