import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { error, outcomeOf, SECOND } from '../session/fixture.ts'
import { behind, json } from './fixture.ts'

const URL_ASKED = 'https://chat.example/session/'
/** With the slash where something else answered without: both are asked for. */
const EITHER = expect.stringMatching(/^https:\/\/chat\.example\/session\/?$/)
const html = { headers: { 'content-type': 'text/html' } }

const places: readonly (readonly [string, () => Response | Promise<Response>, object])[] = [
  [
    'a server where it is not mounted',
    () => new Response('Not Found', { status: 404, ...html }),
    { status: 404, contentType: 'text/html' },
  ],
  [
    'the page itself, for every path',
    () => new Response('<!doctype html>', html),
    { status: 200, contentType: 'text/html' },
  ],
  [
    'a redirect to a path without a slash',
    () => new Response(null, { status: 308, headers: { location: '/session' } }),
    { status: 308 },
  ],
  [
    'an access proxy, in a browser',
    () => Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' }),
    { status: 0 },
  ],
  [
    'a server that fails',
    () => new Response('x', { status: 500, headers: { 'content-type': 'text/plain' } }),
    { status: 500, contentType: 'text/plain' },
  ],
  [
    'an access proxy that speaks JSON',
    () => json(401, { error: 'unauthorized' }),
    { status: 401, contentType: 'application/json' },
  ],
  [
    'a server that drains',
    () => json(503, { error: 'draining' }),
    { status: 503, contentType: 'application/json' },
  ],
  ['nobody', () => Promise.reject(new TypeError('Failed to fetch')), {}],
]

describe('U48: a server that is not there', () => {
  test.each(places)(
    'is told of once, with what was asked and what came, and is asked again: %s',
    async (_, answer, what) => {
      const { server, session, snapshot, settle, pass, told, paths } = behind()
      server.failing = answer
      await settle()
      expect(told('warning')).toEqual([
        { type: 'warning', code: 'serverMissing', url: EITHER, epoch: 0, version: 0, ...what },
      ])
      const call = outcomeOf(session.fetch('/api/x'))
      for (let second = 0; second < 60; second++) await pass(SECOND)
      expect(snapshot().isPending).toBe(true)
      expect(call.error).toMatchObject(error('refresh_unavailable'))
      expect(told('warning')).toHaveLength(1)
      expect(paths().length).toBeGreaterThan(7)
      server.failing = undefined
      await pass(10 * SECOND)
      expect(snapshot()).toMatchObject({ state: 'active' })
    },
  )

  test.each([
    ['redirected', () => new Response(null, { status: 308, headers: { location: '/session/' } })],
    ['the page itself', () => new Response('<!doctype html>', html)],
    ['not there', () => new Response('Not Found', { status: 404, ...html })],
  ])('U79: it is found at the path with a slash, where the one without is %s', async (_, elsewhere) => {
    const { server, session, snapshot, settle, told, paths } = behind()
    server.failing = ({ url }) => (url.endsWith('/session') ? elsewhere() : undefined)
    await settle()
    expect(snapshot().state).toBe('active')
    await session.look()
    expect(paths()).toEqual(['GET /session', 'GET /session/', 'GET /session/'])
    expect(told('warning')).toEqual([])
  })

  test('is told of on the console where nobody observes', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const { server, settle, pass } = behind({ observe: undefined as never })
    server.failing = () => new Response('<!doctype html>', html)
    await settle()
    for (let second = 0; second < 30; second++) await pass(SECOND)
    expect(warn).toHaveBeenCalledOnce()
    const [text] = warn.mock.calls[0] ?? []
    for (const part of [URL_ASKED, '200', 'text/html', 'createSessionServer']) expect(text).toContain(part)
  })

  test('and goes missing again, is told of again', async () => {
    const { server, found, pass, told, session } = behind()
    await found()
    for (let times = 0; times < 2; times++) {
      server.failing = () => new Response(null, { status: 404 })
      await pass(10 * SECOND)
      await session.refresh().catch(() => {})
      for (let second = 0; second < 20; second++) await pass(SECOND)
      server.failing = undefined
      for (let second = 0; second < 60; second++) await pass(SECOND)
    }
    expect(told('warning')).toMatchObject([
      { code: 'serverMissing', url: `${URL_ASKED}refresh`, status: 404 },
      { code: 'serverMissing', url: `${URL_ASKED}refresh`, status: 404 },
    ])
  })

  test('is no server that says itself that it cannot refresh, and no network that is gone for a while', async () => {
    const { server, found, pass, told, session } = behind()
    await found()
    server.failing = () => json(503, { error: 'refresh_unavailable' })
    await session.refresh().catch(() => {})
    server.failing = () => Promise.reject(new TypeError('Failed to fetch'))
    for (let second = 0; second < 60; second++) await pass(SECOND)
    expect(told('warning')).toEqual([])
    expect(told('refreshDeferred')).not.toEqual([])
  })
})
