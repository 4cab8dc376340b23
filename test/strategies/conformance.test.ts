import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'
import { allowInsecureRequests } from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from 'xstate-session'
import { backendLogout, cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { oauthStrategy } from 'xstate-session/oauth'
import { type StrategyConformanceOptions, strategyConformance } from 'xstate-session/testing'

const json = (body: unknown, headers: HeadersInit = {}) => Response.json(body, { headers })
const user = { id: 'user-1' }

/** Every strategy that is shipped, and how its backend says yes. */
const shipped: Record<string, StrategyConformanceOptions> = {
  openidStrategy: {
    create: () => openidStrategy({ backendLogout }),
    success: ({ bearer, refreshToken }) => json({ token: bearer, refreshToken, user, expiresAt: 8e15 }),
    request: { tenantId: 'acme' },
  },
  'cookieStrategy on a server': {
    create: () => cookieStrategy(),
    success: ({ bearer, refreshToken }) =>
      json({ token: bearer, user }, { 'set-cookie': `refreshToken=${refreshToken}; Path=/; HttpOnly` }),
  },
  'cookieStrategy in a browser': {
    create: () => cookieStrategy({ browserCookies: true }),
    success: ({ bearer }) => json({ token: bearer, user }),
    sees: 'bearer',
  },
  oauthStrategy: {
    create: (baseUrl) =>
      oauthStrategy({
        server: {
          issuer: baseUrl,
          token_endpoint: `${baseUrl}token`,
          revocation_endpoint: `${baseUrl}revoke`,
        },
        clientId: 'panel',
        [allowInsecureRequests]: true,
      }),
    success: ({ bearer, refreshToken }) =>
      json({ access_token: bearer, refresh_token: refreshToken, token_type: 'Bearer', expires_in: 300 }),
  },
}

/** `answer` on a port of loopback. An answer that cannot be had is a connection that breaks. */
async function serve(answer: (request: Request) => Promise<Response>) {
  const open = new Set<Socket>()
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = 'GET', url = '/', headers } = incoming
    const body = method === 'GET' ? {} : { body: Buffer.concat(chunks) }
    const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
    try {
      const response = await answer(new Request(new URL(url, baseUrl), { method, headers: pairs, ...body }))
      outgoing.writeHead(response.status, [...response.headers].flat())
      outgoing.flushHeaders()
      if (response.body)
        Readable.fromWeb(response.body as never)
          .on('error', () => {})
          .pipe(outgoing)
      else outgoing.end()
    } catch {
      incoming.socket.destroy()
    }
  })
  server.on('connection', (socket) => open.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    baseUrl,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

describe.each(Object.entries(shipped))('%s', (_, options) => {
  for (const { name, run } of strategyConformance(options)) test(name, run)
})

describe.each(Object.entries(shipped))('%s, over a connection', (_, options) => {
  for (const { name, run } of strategyConformance({ ...options, serve })) test(name, run)
})

describe('the suite refuses', () => {
  const openid = shipped.openidStrategy as StrategyConformanceOptions

  /** The cases that a strategy fails, of which `spoil` makes another. */
  async function failing(spoil: (inner: SessionStrategy) => Partial<SessionStrategy>) {
    const create = (baseUrl: string) => {
      const inner = openid.create(baseUrl)
      return { ...inner, ...spoil(inner) }
    }
    const found: string[] = []
    for (const { name, run } of strategyConformance({ ...openid, create }))
      await run().catch(() => found.push(name))
    return found
  }
  const refreshing =
    (change: (request: RefreshRequest, inner: SessionStrategy) => Promise<RefreshOutcome>) =>
    (inner: SessionStrategy) => ({ refresh: (request: RefreshRequest) => change(request, inner) })
  /** Sends as openidStrategy does, with this on top, and takes every answer for what it wants. */
  const post = async (
    { baseUrl, refreshToken, signal, fetch = globalThis.fetch }: RefreshRequest,
    init: RequestInit = {},
  ) => {
    const url = `${baseUrl}api/admin/oauth/refresh`
    const body = JSON.stringify({ refresh_token: refreshToken })
    return fetch(url, { method: 'POST', body, signal, redirect: 'manual', ...init })
  }

  test('nothing of one that is right', async () => {
    expect(await failing(() => ({}))).toEqual([])
  })

  test('one that throws', async () => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      if (outcome.kind === 'unknown') throw new Error('What now?')
      return outcome
    })
    expect(await failing(spoil)).toEqual(
      expect.arrayContaining([
        'garbage is an outcome, not a throw, and no success',
        'a connection that breaks is an outcome without a word of the error',
      ]),
    )
  })

  test('one that tries again by itself', async () => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      return outcome.kind === 'unknown' ? inner.refresh(request) : outcome
    })
    expect(await failing(spoil)).toContain('one attempt spends the token once, whatever comes back')
  })

  test('one that quotes what was answered', async () => {
    const spoil = refreshing(async (request, inner) => {
      let text = ''
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const response = await (request.fetch ?? globalThis.fetch)(input, init)
        text = await response.clone().text()
        return response
      }
      const outcome = await inner.refresh({ ...request, fetch })
      return outcome.kind === 'unknown' ? ({ ...outcome, cause: text } as never) : outcome
    })
    expect(await failing(spoil)).toContain('garbage is an outcome, not a throw, and no success')
  })

  test('one that quotes the token under a name of the union', async () => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      const user = { id: 'ada', name: request.refreshToken }
      return (outcome.kind === 'ok' ? { ...outcome, user } : outcome) as RefreshOutcome
    })
    expect(await failing(spoil)).toContain('a refresh that succeeded brings what the answer brought')
  })

  test('one that follows redirects', async () => {
    const spoil = refreshing((request, inner) =>
      inner.refresh({
        ...request,
        fetch: (input, init) => (request.fetch ?? globalThis.fetch)(input, { ...init, redirect: 'follow' }),
      }),
    )
    expect(await failing(spoil)).toEqual(['a redirect is not followed'])
  })

  test('one that does not hear of its deadline', async () => {
    const spoil = refreshing((request, inner) =>
      inner.refresh({ ...request, signal: new AbortController().signal }),
    )
    expect(await failing(spoil)).toEqual([
      'the deadline ends an attempt that gets no answer',
      'the deadline ends a body that does not end',
      'after the deadline nothing is sent',
    ])
  })

  test('one that puts the token into the URL', async () => {
    const spoil = refreshing((request, inner) =>
      inner.refresh({
        ...request,
        fetch: (input, init) =>
          (request.fetch ?? globalThis.fetch)(`${input}?token=${request.refreshToken}`, init),
      }),
    )
    expect(await failing(spoil)).toEqual(['the refresh token is in no URL'])
  })

  test('one that does not read the new refresh token', async () => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      if (outcome.kind !== 'ok') return outcome
      const { refreshToken: _, ...rest } = outcome
      return rest.bearer === undefined ? { kind: 'unknown', cause: 'schema', answered: false } : rest
    })
    expect(await failing(spoil)).toEqual(['a refresh that succeeded brings what the answer brought'])
  })

  test('one that believes whatever it is told', async () => {
    const spoil = refreshing(async (request) => {
      try {
        const answer = await (await post(request)).json()
        return { kind: 'ok', bearer: answer.token, refreshToken: answer.refreshToken }
      } catch {
        return { kind: 'unknown', cause: 'network', answered: false }
      }
    })
    expect(await failing(spoil)).toEqual(
      expect.arrayContaining([
        'garbage is an outcome, not a throw, and no success',
        'a success is one with the right status, and whole',
        'values of the wrong type are not coerced',
      ]),
    )
  })

  test('one that goes by the content type', async () => {
    const spoil = refreshing(async (request, inner) => {
      let type: string | null = null
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const response = await (request.fetch ?? globalThis.fetch)(input, init)
        type = response.headers.get('content-type')
        return response
      }
      const outcome = await inner.refresh({ ...request, fetch })
      return outcome.kind === 'ok' && type !== 'application/json'
        ? { kind: 'unknown', cause: 'content', answered: false }
        : outcome
    })
    expect(await failing(spoil)).toEqual([
      'a success whose content type somebody has changed is used all the same',
    ])
  })

  test.each([
    ['the end', { kind: 'rejected', reason: 'refreshRejected' }],
    ['a backend without the route', { kind: 'unsupported', forGood: false }],
    ['an answer of the backend', { kind: 'unknown', cause: 'status', answered: true }],
  ] as const)('one that takes a gateway’s 404 for %s', async (_, instead) => {
    const spoil = refreshing(async (request, inner) => {
      let status = 0
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const response = await (request.fetch ?? globalThis.fetch)(input, init)
        status = response.status
        return response
      }
      const outcome = await inner.refresh({ ...request, fetch })
      return status === 404 ? instead : outcome
    })
    expect(await failing(spoil)).toEqual([
      'what a gateway says in place of the backend ends nothing, and is not counted as an answer',
    ])
  })

  test('one that makes texts of everything', async () => {
    const spoil = refreshing(async (request, inner) => {
      const fetch: typeof globalThis.fetch = async (input, init) => {
        const response = await (request.fetch ?? globalThis.fetch)(input, init)
        const body = await response
          .clone()
          .json()
          .catch(() => null)
        if (typeof body?.token !== 'number') return response
        return new Response(JSON.stringify({ ...body, token: String(body.token) }), response)
      }
      return inner.refresh({ ...request, fetch })
    })
    expect(await failing(spoil)).toEqual(['values of the wrong type are not coerced'])
  })

  test.each([
    ['safe to send again', { kind: 'refused', cause: 'unavailable' }],
    ['the end', { kind: 'rejected', reason: 'refreshRejected' }],
  ] as const)('one that takes every failure for %s', async (_, instead) => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      return outcome.kind === 'unknown' ? instead : outcome
    })
    expect(await failing(spoil)).toContain('what may have spent the token is not called safe, nor the end')
  })

  test('one that does not listen to a limiter', async () => {
    const spoil = refreshing(async (request, inner) => {
      const outcome = await inner.refresh(request)
      return outcome.kind === 'refused' && outcome.cause === 'limited'
        ? { kind: 'refused', cause: 'limited' }
        : outcome
    })
    expect(await failing(spoil)).toEqual(['a limiter says how long to wait'])
  })

  test('one that sends without a token', async () => {
    const spoil = refreshing((request, inner) =>
      inner.refresh({ ...request, refreshToken: request.refreshToken || 'undefined' }),
    )
    expect(await failing(spoil)).toEqual(['without the token that it needs, nothing is sent'])
  })

  test('one that hands out the answer of another attempt', async () => {
    let shared: Promise<RefreshOutcome> | undefined
    const spoil = refreshing((request, inner) => {
      shared ??= inner.refresh(request).finally(() => {
        shared = undefined
      })
      return shared
    })
    expect(await failing(spoil)).toEqual(['attempts under way at the same time do not mix'])
  })

  test('one that throws when it ends a grant', async () => {
    const spoil = (inner: SessionStrategy) => ({
      async revoke(request: Parameters<NonNullable<SessionStrategy['revoke']>>[0]) {
        if (!(await inner.revoke?.(request))) throw new Error('It did not end.')
        return true
      },
    })
    expect(await failing(spoil)).toContain('to end a grant never throws, and tells whether it ended')
  })
})
