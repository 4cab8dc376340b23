import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { oauthStrategy } from '../../src/oauth/oauthStrategy.ts'
import { attempt, fakeFetch, json } from '../strategies/attempt.ts'
import { httpServer } from './loopback.ts'

const renewed = { kind: 'ok', bearer: 'T2', refreshToken: 'R2' }
const answer = { token: 'T2', refreshToken: 'R2', user: { id: 'u1' } }

const openid = (response: () => Response) =>
  openidStrategy().refresh(attempt({ fetch: fakeFetch(response).fetch }))
const oauth = (response: () => Response, options = {}) => {
  const server = { issuer: 'https://op.example', token_endpoint: 'https://op.example/token' }
  return oauthStrategy({ server, clientId: 'panel', ...options }).refresh(
    attempt({ fetch: fakeFetch(response).fetch }),
  )
}
/** Over a socket, by the transport of a server. */
async function served(headers: Record<string, string>, body: Uint8Array | string) {
  const { baseUrl } = await httpServer((_, response) => response.writeHead(200, headers).end(body))
  return openidStrategy().refresh(attempt({ baseUrl }))
}

describe('the way in which a good answer comes', () => {
  const type = { 'content-type': 'application/json' }
  const text = JSON.stringify(answer)

  test.each([
    'identity',
    'Identity',
    'IDENTITY',
    'none',
    'None',
    'UTF-8',
    'utf8',
    'binary',
    '8bit',
    'null',
    'aws-chunked',
    'constructor',
    '',
  ])('U43: Content-Encoding %j is none', async (encoding) => {
    expect(await served({ ...type, 'content-encoding': encoding }, text)).toMatchObject(renewed)
  })

  test.each([
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['gzip, identity', gzipSync(text)],
    ['deflate, gzip', gzipSync(deflateSync(text))],
  ])('U43: %s, which nobody asked for, is undone', async (encoding, body) => {
    expect(await served({ ...type, 'content-encoding': encoding }, body)).toMatchObject(renewed)
  })

  test.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, br'])(
    'U43: a header that says %s of a body that somebody has unpacked already',
    async (encoding) => {
      expect(await served({ ...type, 'content-encoding': encoding }, text)).toMatchObject(renewed)
    },
  )

  test('U43: what is packed and broken, or larger than it may be, is no answer', async () => {
    const headers = { ...type, 'content-encoding': 'gzip' }
    expect(await served(headers, gzipSync(text).subarray(0, -12))).toEqual({
      kind: 'unknown',
      cause: 'content',
      answered: false,
    })
    const large = gzipSync(JSON.stringify({ ...answer, more: 'x'.repeat(2_000_000) }))
    expect(await served(headers, large)).toEqual({ kind: 'unknown', cause: 'size', answered: false })
    const deep = ['gzip', 'gzip', 'gzip', 'gzip', 'gzip'].reduce((body) => gzipSync(body), Buffer.from(text))
    expect(await served({ ...type, 'content-encoding': 'gzip, gzip, gzip, gzip, gzip' }, deep)).toMatchObject(
      {
        kind: 'unknown',
      },
    )
  })

  test.each([
    'text/json',
    'text/plain',
    'text/plain; charset=utf-8',
    'text/html; charset=utf-8',
    'text/javascript',
    'application/octet-stream',
    'application/x-www-form-urlencoded',
    'application/jsonl; charset=utf-8',
    'application/json, application/json',
    'application/json; charset=UTF8',
    'application/json; charset=utf-16',
    'application/json; charset=ISO-8859-1',
    'application/json; charset=utf-8; charset=utf-16',
    'APPLICATION/JSON',
    'json',
    '',
  ])('U43: content type %j', async (contentType) => {
    expect(await served(contentType ? { 'content-type': contentType } : {}, text)).toMatchObject(renewed)
    const grant = { access_token: 'T2', token_type: 'Bearer', expires_in: 900, refresh_token: 'R2' }
    const bytes = new TextEncoder().encode(JSON.stringify(grant))
    const headers = contentType ? { 'content-type': contentType } : {}
    expect(await oauth(() => new Response(bytes, { headers }))).toMatchObject(renewed)
  })

  test.each([
    ['ISO-8859-1', Buffer.from(JSON.stringify({ ...answer, user: { id: 'u1', name: 'Zoë' } }), 'latin1')],
    ['windows-1252', Buffer.from(JSON.stringify({ ...answer, user: { id: 'u1', name: 'Zoë' } }), 'latin1')],
    ['"utf-16le"', Buffer.from(JSON.stringify({ ...answer, user: { id: 'u1', name: 'Zoë' } }), 'utf16le')],
  ])('U43: another charset that the answer names: %s', async (charset, body) => {
    expect(await served({ 'content-type': `application/json; charset=${charset}` }, body)).toMatchObject({
      ...renewed,
      user: { id: 'u1', name: 'Zoë' },
    })
  })

  test('U43: with 201, as frameworks answer a POST, and with 203, as a proxy does that has changed it', async () => {
    const grant = { access_token: 'T2', token_type: 'Bearer', expires_in: 900, refresh_token: 'R2' }
    for (const status of [201, 203]) {
      expect(await openid(() => json(answer, { status }))).toMatchObject(renewed)
      expect(await oauth(() => json(grant, { status }))).toMatchObject(renewed)
      const headers = { 'set-cookie': 'refreshToken=R2; Path=/' }
      const { fetch } = fakeFetch(() => json({ token: 'T2' }, { status, headers }))
      expect(await cookieStrategy().refresh(attempt({ fetch }))).toMatchObject(renewed)
    }
  })

  test('U43: a byte order mark, and blanks and lines around', async () => {
    for (const around of [`\ufeff${text}`, `\r\n  ${text}\n\n`, `\t${text} `])
      expect(await served(type, around)).toMatchObject(renewed)
  })

  test('U43: a user with a picture of 700 kB in it', async () => {
    const avatar = `data:image/png;base64,${'A'.repeat(700_000)}`
    const outcome = await served(type, JSON.stringify({ ...answer, user: { id: 'u1', avatar } }))
    expect(outcome).toMatchObject({ ...renewed, user: { id: 'u1', avatar } })
  })

  test('U43: a body in a thousand pieces', async () => {
    const { baseUrl } = await httpServer((_, response) => {
      response.writeHead(200, type)
      for (const letter of text) response.write(letter)
      response.end()
    })
    expect(await openidStrategy().refresh(attempt({ baseUrl }))).toMatchObject(renewed)
  })
})

describe('LibreChat’s answer', () => {
  const odd = { warnings: ['schema'] }

  test('U43: a bearer is used, though the refresh token beside it is of no use, and the other way round', async () => {
    for (const useless of [7, {}, ['R2'], true])
      expect(await openid(() => json({ token: 'T2', refreshToken: useless }))).toEqual({
        kind: 'ok',
        bearer: 'T2',
        life: {},
        ...odd,
      })
    for (const useless of [7, {}, ['T2'], true])
      expect(await openid(() => json({ token: useless, refreshToken: 'R2' }))).toEqual({
        kind: 'ok',
        refreshToken: 'R2',
        life: {},
        ...odd,
      })
  })

  test('U43: `expires_in` as a text is a number of seconds', async () => {
    for (const [written, read] of [
      ['900', 900],
      [' 900 ', 900],
      ['900.5', 900.5],
      ['soon', 'soon'],
    ])
      expect(await openid(() => json({ token: 'T2', expires_in: written }))).toMatchObject({
        life: { expiresIn: read },
      })
  })

  test('U43: empty and absent members beside a bearer', async () => {
    for (const more of [
      { refreshToken: null },
      { refreshToken: '' },
      { user: null },
      { user: {} },
      { expiresAt: null },
    ])
      expect(await openid(() => json({ token: 'T2', ...more }))).toMatchObject({ kind: 'ok', bearer: 'T2' })
  })
})

describe('an OAuth answer', () => {
  const base = { access_token: 'T2', token_type: 'Bearer', expires_in: 900, refresh_token: 'R2' }
  const used = { ...renewed, life: { expiresIn: 900 } }
  const without = (name: keyof typeof base) =>
    Object.fromEntries(Object.entries(base).filter(([key]) => key !== name))

  test.each([
    ['scope: null', { ...base, scope: null }],
    ['scope: ""', { ...base, scope: '' }],
    ['scope: a list', { ...base, scope: ['openid', 'email'] }],
    ['id_token: null', { ...base, id_token: null }],
    ['id_token: ""', { ...base, id_token: '' }],
    ['expires_in: "900"', { ...base, expires_in: '900' }],
    ['no token_type', without('token_type')],
    ['token_type: null', { ...base, token_type: null }],
    ['token_type: ""', { ...base, token_type: '' }],
    ['token_type: BEARER', { ...base, token_type: 'BEARER' }],
    ['token_type: BearerToken (Apigee)', { ...base, token_type: 'BearerToken' }],
    ['token_type: " bearer "', { ...base, token_type: ' bearer ' }],
    ['token_type: JWT', { ...base, token_type: 'JWT' }],
    ['members of its own', { ...base, 'not-before-policy': 0, session_state: 'x', ext_expires_in: 1 }],
  ])('U43: %s', async (_, body) => {
    expect(await oauth(() => json(body))).toEqual(used)
  })

  test.each([
    ['refresh_token: null', { ...base, refresh_token: null }],
    ['refresh_token: ""', { ...base, refresh_token: '' }],
    ['no refresh_token', without('refresh_token')],
  ])('U43: %s: the old one stays', async (_, body) => {
    expect(await oauth(() => json(body))).toEqual({ kind: 'ok', bearer: 'T2', life: { expiresIn: 900 } })
  })

  test.each([
    ['expires_in: null', { ...base, expires_in: null }],
    ['expires_in: ""', { ...base, expires_in: '' }],
    ['expires_in: a negative number', { ...base, expires_in: -1 }],
    ['expires_in: words', { ...base, expires_in: 'in an hour' }],
    ['no expires_in', without('expires_in')],
  ])('U43: %s: nobody knows how long', async (_, body) => {
    expect(await oauth(() => json(body))).toEqual({ ...renewed, life: {} })
  })

  test('U43: members of the wrong type beside a bearer are left out, with a warning', async () => {
    for (const more of [{ refresh_token: 7 }, { refresh_token: ['R2'] }])
      expect(await oauth(() => json({ ...base, ...more }))).toEqual({
        kind: 'ok',
        bearer: 'T2',
        life: { expiresIn: 900 },
        warnings: ['schema'],
      })
    expect(await oauth(() => json({ ...base, id_token: 7 }))).toEqual({ ...used, warnings: ['schema'] })
  })

  test('U43: a token that is not sent as a bearer is none', async () => {
    for (const token_type of ['DPoP', 'mac', 'N_A', 'PoP'])
      expect(await oauth(() => json({ ...base, token_type }))).toEqual({
        kind: 'ok',
        refreshToken: 'R2',
        warnings: ['schema'],
      })
  })

  test('U43: an ID token that is signed as nobody has told before, for metadata without a list', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: 'https://op.example',
      aud: ['panel', 'other'],
      azp: 'panel',
      sub: 's1',
      iat: now,
      exp: now + 300,
    }
    for (const alg of ['ES256', 'RS256', 'EdDSA', 'PS256', 'HS256']) {
      const id_token = `${part({ alg })}.${part(claims)}.${Buffer.from('x').toString('base64url')}`
      expect(await oauth(() => json({ ...base, id_token }))).toMatchObject({ ...renewed, user: { id: 's1' } })
    }
    // Where it was told, it holds.
    const id_token = `${part({ alg: 'ES256' })}.${part(claims)}.eA`
    const options = { client: { id_token_signed_response_alg: 'RS256' } }
    expect(await oauth(() => json({ ...base, id_token }), options)).toEqual({
      kind: 'ok',
      refreshToken: 'R2',
      warnings: ['schema'],
    })
  })
})

describe('the refresh cookie of an answer in which somebody has joined the lines', () => {
  const refreshed = (line: string) => {
    const response = () => json({ token: 'T2' }, { headers: { 'set-cookie': line } })
    return cookieStrategy().refresh(attempt({ fetch: fakeFetch(response).fetch }))
  }
  const until = 'Expires=Wed, 21 Oct 2099 07:28:00 GMT'

  test.each([
    ['ours second', 'sid=1; Path=/, refreshToken=R2; Path=/; HttpOnly'],
    ['ours second, with dates', `sid=1; ${until}; Path=/, refreshToken=R2; ${until}; Path=/`],
    ['ours second, after a date', `sid=1; Path=/; ${until}, refreshToken=R2; Path=/`],
    [
      'ours first',
      `refreshToken=R2; Path=/; ${until}; HttpOnly; SameSite=Strict, token_provider=librechat; Path=/`,
    ],
    [
      'ours first, before one that is deleted',
      'refreshToken=R2; Path=/, openid_id_token=; Path=/; Max-Age=0',
    ],
    ['ours in the middle', `a=1; Path=/, refreshToken=R2; ${until}, b=2; Max-Age=0`],
  ])('U54: %s: read, and told', async (_, line) => {
    expect(await refreshed(line)).toEqual({
      kind: 'ok',
      bearer: 'T2',
      refreshToken: 'R2',
      life: {},
      warnings: ['cookieFolded'],
    })
  })

  test('U54: a comma in a value or a date joins nothing', async () => {
    for (const line of [`refreshToken=a,b=c; ${until}`, `refreshToken=a,b=c; Path=/; ${until}`])
      expect(await refreshed(line)).toMatchObject({ refreshToken: 'a,b=c' })
    expect(await refreshed(`refreshToken=a,b=c; ${until}; Path=/`)).not.toHaveProperty('warnings')
    expect(await refreshed('x=1, refreshToken=D')).not.toHaveProperty('refreshToken')
  })
})
