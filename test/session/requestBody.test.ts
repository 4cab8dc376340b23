import { Readable } from 'node:stream'
import ky from 'ky'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createBffSession } from 'xstate-session/bff'
import { BASE_URL, error, loggedIn, SECOND, strictApi, stubApi } from './fixture.ts'

/** Firefox has no `Request.prototype.body`. */
function hideBody() {
  const shown = Object.getOwnPropertyDescriptor(Request.prototype, 'body') as PropertyDescriptor
  Reflect.deleteProperty(Request.prototype, 'body')
  onTestFinished(() => void Object.defineProperty(Request.prototype, 'body', shown))
}

/** A platform whose requests have no streams, as Firefox: it sends what is neither text nor data as text. */
function withoutStreams() {
  class TextOnly extends Request {
    constructor(input: RequestInfo | URL, init: RequestInit = {}) {
      const isForeign = typeof init.body === 'object' && init.body && Symbol.asyncIterator in init.body
      super(input, isForeign ? { ...init, body: String(init.body) } : init)
    }
  }
  vi.stubGlobal('Request', TextOnly)
  onTestFinished(() => void vi.unstubAllGlobals())
}

/** A session whose bearer the API refuses, and a renewal that brings one that it accepts. */
async function refusedOnce(fetch?: typeof globalThis.fetch) {
  const api = strictApi((bearer) => bearer === 'B2')
  const { session, strategy, ok, pass } = await loggedIn({ fetch: fetch ?? api.fetch })
  await pass(SECOND)
  strategy.always(ok())
  return { session, api }
}

const post = (body?: BodyInit) =>
  new Request(`${BASE_URL}api`, { method: 'POST', ...(body !== undefined && { body }) })

describe.each([
  ['shows the body of a Request', () => {}],
  ['hides the body of a Request, as Firefox does', hideBody],
])('where the platform %s', (_, prepare) => {
  test.each([
    ['text', 'payload', 'payload'],
    ['bytes', new TextEncoder().encode('payload'), 'payload'],
    ['a blob', new Blob(['payload']), 'payload'],
    ['a form', new URLSearchParams({ a: 'payload' }), 'a=payload'],
    ['nothing', undefined, ''],
  ] as [string, BodyInit | undefined, string][])(
    'U71: a Request with %s is sent again after a 401, and its caller can still read it',
    async (_, body, text) => {
      prepare()
      const { session, api } = await refusedOnce()
      const request = post(body)
      expect((await session.fetch(request)).status).toBe(200)
      expect(api.calls.map((call) => call.body)).toEqual([text, text])
      expect(api.bearers()).toEqual(['B1', 'B2'])
      expect(request.bodyUsed).toBe(false)
      expect(await request.text()).toBe(text)
    },
  )

  test('U71: what init says about the body counts, and the Request keeps its own', async () => {
    prepare()
    const { session, api } = await refusedOnce()
    const request = post('its own')
    expect((await session.fetch(request, { body: 'another' })).status).toBe(200)
    expect((await session.fetch(request, { body: '' })).status).toBe(200)
    expect((await session.fetch(request, { body: null })).status).toBe(200)
    expect(api.calls.map((call) => call.body)).toEqual(['another', 'another', '', 'its own'])
    expect(await request.text()).toBe('its own')
  })

  test('U71: a body goes on with a redirect', async () => {
    prepare()
    const api = stubApi(({ url }) =>
      url.endsWith('/api')
        ? new Response(null, { status: 307, headers: { location: '/there' } })
        : new Response(),
    )
    const { session } = await loggedIn({ fetch: api.fetch })
    const request = post('payload')
    expect((await session.fetch(request)).status).toBe(200)
    expect((await session.fetch(post())).status).toBe(200)
    expect(api.calls.map(({ url, body }) => `${new URL(url).pathname} ${body}`)).toEqual([
      '/api payload',
      '/there payload',
      '/api ',
      '/there ',
    ])
    expect(await request.text()).toBe('payload')
  })

  test('U71: ky posts through it', async () => {
    prepare()
    const { session, api } = await refusedOnce()
    const client = ky.create({ baseUrl: BASE_URL, fetch: session.fetch, retry: 0 })
    expect((await client.post('api', { json: { a: 1 } })).status).toBe(200)
    expect(api.calls.map((call) => call.body)).toEqual(['{"a":1}', '{"a":1}'])
  })

  test('U71: a Request that was read already is the error of its caller, before anything is sent', async () => {
    prepare()
    const { session, api } = await refusedOnce()
    const request = post('payload')
    await request.text()
    await expect(session.fetch(request)).rejects.toThrow(TypeError)
    expect(api.calls).toEqual([])
  })
})

describe('a body that the platform cannot send', () => {
  const stream = () => new Blob(['payload']).stream()
  const lines = async function* () {
    yield 'payload'
  }

  test.each([
    ['a stream', stream],
    ['an async iterable', lines],
  ])('U74: %s is refused before anything is sent, and nobody reads it', async (_, create) => {
    withoutStreams()
    const { session, api } = await loggedIn()
    const body = create() as unknown as BodyInit
    const sending = session.fetch('/api', { method: 'POST', body, duplex: 'half' } as RequestInit)
    await expect(sending).rejects.toMatchObject(
      error('misconfigured', { message: expect.stringContaining('stream') }),
    )
    expect(api.calls).toEqual([])
    if (body instanceof ReadableStream) expect(body.locked).toBe(false)
  })

  test('U74: a stream is refused behind a server, too', async () => {
    withoutStreams()
    const asked: unknown[] = []
    const facts = {
      user: { id: 'ada' },
      login: 'A'.repeat(43),
      epoch: 1,
      version: 1,
      serverNow: 0,
      expiresAt: 900_000,
    }
    const session = createBffSession({
      baseUrl: BASE_URL,
      facts,
      fetch: async (input) => {
        asked.push(input)
        return new Response()
      },
    })
    onTestFinished(() => session.dispose())
    await expect(session.fetch('/api', { method: 'POST', body: stream() })).rejects.toMatchObject(
      error('misconfigured'),
    )
    expect(asked).toEqual([])
  })

  test('U74: is sent where the platform can', async () => {
    const { session, api } = await loggedIn()
    for (const body of [stream(), lines(), Readable.from(['payload'])])
      await session.fetch('/api', { method: 'POST', body, duplex: 'half' } as unknown as RequestInit)
    expect(api.calls.map((call) => call.body)).toEqual(['payload', 'payload', 'payload'])
  })

  test('U74: where there are no streams at all, every other body is sent and sent again', async () => {
    const bearers: unknown[] = []
    const { session } = await refusedOnce(async (_, init) => {
      bearers.push(new Headers(init?.headers).get('authorization'))
      return new Response(null, { status: bearers.length === 1 ? 401 : 200 })
    })
    const data = new FormData()
    data.append('file', new Blob(['abc']), 'a.txt')
    vi.stubGlobal('ReadableStream', undefined)
    onTestFinished(() => void vi.unstubAllGlobals())
    expect((await session.fetch('/api', { method: 'POST', body: data })).status).toBe(200)
    expect(bearers).toEqual(['Bearer B1', 'Bearer B2'])
  })
})

describe('an answer that the session does not hand out', () => {
  test.each([
    ['a Node stream, as of node-fetch', () => Readable.from(['who?'])],
    ['no stream, as in React Native', () => undefined],
    ['nothing', () => null],
    [
      'a stream that has failed',
      () => new ReadableStream({ start: (controller) => controller.error(new Error('reset')) }),
    ],
  ])('U74: whose body is %s does not stop the retry', async (_, body) => {
    const api = strictApi((bearer) => bearer === 'B2')
    const bodies: unknown[] = []
    const { session } = await refusedOnce(async (input, init) => {
      const answer = await api.fetch(input, init)
      if (answer.ok) return answer
      bodies.push(body())
      return { status: 401, ok: false, type: 'default', headers: answer.headers, body: bodies[0] } as Response
    })
    expect((await session.fetch('/api')).status).toBe(200)
    if (bodies[0] instanceof Readable) expect(bodies[0].destroyed).toBe(true)
  })
})
