import { describe, expect, test } from 'vitest'
import { BASE_URL, error, loggedIn, stubApi } from './fixture.ts'

/** A session whose API answers `/go` with a redirect to `/there`, and everything else with 200. */
async function redirecting(status: number, location = '/there') {
  const api = stubApi(({ url }) =>
    url.endsWith('/go') ? new Response(null, { status, headers: { location } }) : new Response('ok'),
  )
  const { session } = await loggedIn({ fetch: api.fetch })
  return { session, calls: api.calls }
}

const url = `${BASE_URL}go`

describe('a redirect at home (Fetch Standard, HTTP-redirect fetch)', () => {
  describe.each(['a path', 'a Request'] as const)('of %s', (kind) => {
    test.each([
      [301, 'POST', 'GET', ''],
      [301, 'post', 'GET', ''],
      [301, 'PUT', 'PUT', 'payload'],
      [302, 'POST', 'GET', ''],
      [302, 'DELETE', 'DELETE', 'payload'],
      [303, 'POST', 'GET', ''],
      [303, 'PUT', 'GET', ''],
      [303, 'HEAD', 'HEAD', ''],
      [303, 'head', 'HEAD', ''],
      [307, 'POST', 'POST', 'payload'],
      [308, 'PATCH', 'PATCH', 'payload'],
    ])('%d of a %s goes on as %s', async (status, method, onward, body) => {
      const { session, calls } = await redirecting(status)
      const init = {
        method,
        headers: { 'content-type': 'text/plain', 'content-language': 'en', 'x-content-id': '7' },
        ...(onward !== 'HEAD' && { body: 'payload' }),
      }
      await (kind === 'a path' ? session.fetch('/go', init) : session.fetch(new Request(url, init)))
      const [, second] = calls
      expect(second).toMatchObject({ url: `${BASE_URL}there`, method: onward, body })
      expect(second?.authorization).toBe('Bearer B1')
      const isKept = body !== '' || onward === 'HEAD'
      expect(second?.headers.get('content-type')).toBe(isKept ? 'text/plain' : null)
      expect(second?.headers.get('content-language')).toBe(isKept ? 'en' : null)
      expect(second?.headers.get('x-content-id')).toBe('7')
      expect(calls).toHaveLength(2)
    })

    test('keeps how it was meant to be sent', async () => {
      const { session, calls } = await redirecting(302)
      const init = { cache: 'no-store', credentials: 'include', mode: 'same-origin' } as const
      await (kind === 'a path' ? session.fetch('/go', init) : session.fetch(new Request(url, init)))
      expect(calls[1]?.init).toMatchObject(init)
    })

    test('is not followed once the caller has left', async () => {
      const leaving = new AbortController()
      const api = stubApi(({ url: at }) => {
        if (!at.endsWith('/go')) return new Response('ok')
        leaving.abort(new Error('enough'))
        return new Response(null, { status: 307, headers: { location: '/there' } })
      })
      const { session } = await loggedIn({ fetch: api.fetch })
      const { signal } = leaving
      const call =
        kind === 'a path' ? session.fetch('/go', { signal }) : session.fetch(new Request(url, { signal }))
      await expect(call).rejects.toThrow('enough')
    })
  })

  test.each([
    'javascript:alert(1)',
    'xhttp://chat.example/',
    'httpx://chat.example/',
    'https://other.example/',
    'blob:https://chat.example/7',
  ])('to %s is blocked', async (location) => {
    const { session, calls } = await redirecting(302, location)
    await expect(session.fetch('/go')).rejects.toMatchObject(error('redirect_blocked'))
    expect(calls).toHaveLength(1)
  })

  test.each([201, 404])('a Location of an answer that is none (%d) is not followed', async (status) => {
    const there = new Response(null, { status, headers: { location: '/on' } })
    const api = stubApi(({ url: at }) =>
      at.endsWith('/go') ? new Response(null, { status: 302, headers: { location: '/there' } }) : there,
    )
    const { session } = await loggedIn({ fetch: api.fetch })
    expect((await session.fetch('/there')).status).toBe(status)
    expect((await session.fetch('/go')).status).toBe(status)
    expect(api.calls).toHaveLength(3)
  })

  test.each([300, 304, 400, 404, 500])('%d is none, whatever its location says', async (status) => {
    const { session, calls } = await redirecting(status)
    expect((await session.fetch('/go')).status).toBe(status)
    expect(calls).toHaveLength(1)
  })

  test('relative to where it came from, also of a Request', async () => {
    const api = stubApi(({ url: at }) =>
      at.endsWith('/deep/go')
        ? new Response(null, { status: 302, headers: { location: 'there' } })
        : new Response('ok'),
    )
    const { session } = await loggedIn({ fetch: api.fetch })
    await session.fetch('/deep/go')
    await session.fetch(new Request(`${BASE_URL}deep/go`))
    expect(api.calls.map(({ url: at }) => at)).toEqual([
      `${BASE_URL}deep/go`,
      `${BASE_URL}deep/there`,
      `${BASE_URL}deep/go`,
      `${BASE_URL}deep/there`,
    ])
  })

  test('"manual" and "error" hold for a Request, too', async () => {
    const { session, calls } = await redirecting(302)
    expect((await session.fetch(new Request(url, { redirect: 'manual' }))).status).toBe(302)
    expect(calls.map(({ redirect }) => redirect)).toEqual(['manual'])
    await session.fetch(new Request(url, { redirect: 'error' })).catch(() => {})
    await session.fetch('/go', { redirect: 'error' }).catch(() => {})
    expect(calls.slice(1).map(({ redirect }) => redirect)).toEqual(expect.arrayContaining(['error', 'error']))
  })
})

describe('where a call goes', () => {
  test.each([
    ['/x', `${BASE_URL}x`],
    ['x', `${BASE_URL}x`],
    [`${BASE_URL}x`, `${BASE_URL}x`],
    ['//other.example/x', 'https://other.example/x'],
    ['/\\other.example/x', 'https://other.example/x'],
    ['/\t/other.example/x', 'https://other.example/x'],
    ['/ x', `${BASE_URL}%20x`],
    ['https://other.example/x?chat.example/', 'https://other.example/x?chat.example/'],
    [`https://other.example/?${BASE_URL}`, `https://other.example/?${BASE_URL}`],
  ])('%j', async (input, target) => {
    const api = stubApi()
    const { session } = await loggedIn({ fetch: api.fetch })
    await session.fetch(input)
    await session.fetch(new Request(new URL(input, BASE_URL)))
    const bearer = target.startsWith(BASE_URL) ? 'Bearer B1' : null
    expect(api.calls.map(({ url: at, authorization }) => [at, authorization])).toEqual([
      [target, bearer],
      [target, bearer],
    ])
  })

  test.each(['blob:https://chat.example/7', 'xhttps://chat.example/x'])(
    '%s gets no bearer',
    async (input) => {
      const sent: (HeadersInit | undefined)[] = []
      const { session } = await loggedIn({
        fetch: async (_, init) => {
          sent.push(init?.headers)
          return new Response('ok')
        },
      })
      await session.fetch(input)
      expect(sent).toEqual([undefined])
    },
  )

  test('a URL that is none is a rejection, and no throw', async () => {
    const { session } = await loggedIn({ fetch: stubApi().fetch })
    await expect(session.fetch('https://')).rejects.toThrow(TypeError)
  })

  test('what the caller gives as headers, in any form, with our authorization in place of theirs', async () => {
    const api = stubApi()
    const { session } = await loggedIn({ fetch: api.fetch })
    const entries = [
      ['x-own', '1'],
      ['Authorization', 'Basic x'],
      ['authorisation', 'kept'],
      ['x-thirteen-13', 'kept'],
    ] as [string, string][]
    for (const headers of [entries, Object.fromEntries(entries), new Headers(entries)]) {
      await session.fetch('/x', { headers })
      const { headers: got } = api.calls.at(-1) as (typeof api.calls)[number]
      expect(Object.fromEntries(got)).toMatchObject({
        'x-own': '1',
        authorization: 'Bearer B1',
        authorisation: 'kept',
        'x-thirteen-13': 'kept',
      })
    }
  })
})
