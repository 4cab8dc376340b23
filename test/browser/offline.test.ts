// @vitest-environment jsdom
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { whileOnline } from '../../src/browser/whileOnline.ts'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, flush, HOUR, LEAD, LIFE, openid, SECOND, stubStrategy } from '../session/fixture.ts'

/** A page whose browser says that it is offline. `reach`: what becomes of a request. */
async function page(reach: () => Promise<Response>) {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
  onTestFinished(() => void vi.restoreAllMocks())
  const clock = fakeClock()
  const strategy = stubStrategy()
  const asked: { url: string; init: RequestInit | undefined }[] = []
  const session = createSession(
    browserOptions({
      baseUrl: BASE_URL,
      strategies: { openid: strategy.strategy },
      fetch(input, init) {
        asked.push({ url: String(input), init })
        return reach()
      },
      clock,
      idleAfterMs: HOUR,
      random: () => 0,
    }),
  )
  onTestFinished(() => session.dispose())
  await session.login({ token: 'B1', refreshToken: 'R1', user: ada, expiresAt: clock.wall() + LIFE }, openid)
  return {
    session,
    strategy,
    asked,
    state: () => session.getSnapshot().state,
    async pass(ms: number) {
      clock.advance(ms)
      await flush()
    },
  }
}

describe('U42: a browser that says it is offline', () => {
  test('and is not: the session is renewed before its bearer ends', async () => {
    const { strategy, asked, pass, session } = await page(async () => new Response(null, { status: 404 }))
    await pass(LIFE - LEAD)
    expect(strategy.sent()).toEqual(['R1'])
    await strategy.last().answer({ kind: 'ok', bearer: 'B2', refreshToken: 'R2' })
    expect(await session.getToken()).toBe('B2')
    expect(asked).toMatchObject([{ url: BASE_URL, init: { method: 'HEAD', credentials: 'omit' } }])
    expect(asked[0]?.init?.headers).toBeUndefined()
  })

  test('and is: no token is sent, and it goes on as soon as the network answers', async () => {
    let isUp = false
    const { strategy, asked, pass, state } = await page(async () => {
      if (!isUp) throw new TypeError('Failed to fetch')
      return new Response()
    })
    await pass(LIFE - LEAD)
    expect(state()).toBe('retrying')
    for (let seconds = 0; seconds < 600; seconds++) await pass(SECOND)
    expect([state(), strategy.sent()]).toEqual(['retrying', []])
    expect(asked.length).toBeGreaterThan(5)
    isUp = true
    await pass(SECOND)
    expect(strategy.sent()).toEqual(['R1'])
  })

  test('where nobody answers at all, gives the network five seconds', async () => {
    const { strategy, pass, state } = await page(() => new Promise(() => {}))
    await pass(LIFE - LEAD)
    await pass(5 * SECOND - 1)
    expect(state()).toBe('refreshing')
    await pass(1)
    expect([state(), strategy.sent()]).toEqual(['retrying', []])
  })
})

describe('a strategy that waits for the network', () => {
  const request = (signal = new AbortController().signal) => ({
    baseUrl: BASE_URL,
    signal,
    bearer: 'B1',
    refreshToken: 'R1',
    userId: ada.id,
    attemptId: 'attempt',
  })

  test('is the strategy in all else, with the instance that its methods belong to', async () => {
    class Strategy {
      readonly kind = 'mine'
      readonly needsRefreshToken = false
      readonly resend = { withinMs: 1_000 }
      readonly name = 'it'
      async refresh() {
        return { kind: 'ok', bearer: this.name } as const
      }
      async revoke() {
        return this.name as never
      }
      async send() {
        return this.name as never
      }
    }
    const made = whileOnline(new Strategy(), fakeClock())
    expect(made).toMatchObject({ kind: 'mine', needsRefreshToken: false, resend: { withinMs: 1_000 } })
    expect(await made.refresh(request())).toEqual({ kind: 'ok', bearer: 'it' })
    expect(await made.revoke?.(request() as never)).toBe('it')
    expect(await made.send?.(request() as never)).toBe('it')
    const bare = whileOnline({ needsRefreshToken: true, refresh: () => new Promise(() => {}) }, fakeClock())
    expect(Object.keys(bare)).toEqual(['needsRefreshToken', 'refresh'])
  })

  async function offline(fetch: typeof globalThis.fetch, signal?: AbortSignal) {
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    onTestFinished(() => void vi.restoreAllMocks())
    const clock = fakeClock()
    const strategy = whileOnline(
      { needsRefreshToken: true, refresh: async () => ({ kind: 'ok', bearer: 'B2' }) },
      clock,
    )
    return { clock, running: strategy.refresh({ ...request(signal), fetch }) }
  }

  test('sends nothing while the network is down: it is the network that refused', async () => {
    const { clock, running } = await offline(() => Promise.reject(new TypeError('Failed to fetch')))
    expect(await running).toEqual({ kind: 'refused', cause: 'network' })
    expect(clock.pending()).toEqual([])
  })

  test('asks without cookies, without a cache and without permission, and stops asking with its attempt', async () => {
    const controller = new AbortController()
    const asked: RequestInit[] = []
    const { clock, running } = await offline((_, init = {}) => {
      asked.push(init)
      return new Promise(() => {})
    }, controller.signal)
    expect(asked).toMatchObject([{ mode: 'no-cors', credentials: 'omit', cache: 'no-store' }])
    controller.abort()
    expect(await running).toEqual({ kind: 'refused', cause: 'network' })
    expect(asked[0]?.signal?.aborted).toBe(true)
    expect(clock.pending()).toEqual([])
  })

  test('keeps no process alive, and aborts its question after five seconds', async () => {
    const asked: RequestInit[] = []
    const { clock, running } = await offline((_, init = {}) => {
      asked.push(init)
      return new Promise(() => {})
    })
    expect(clock.pending()).toEqual([{ inMs: 5 * SECOND, kind: 'background' }])
    clock.advance(5 * SECOND)
    expect(await running).toEqual({ kind: 'refused', cause: 'network' })
    expect(asked[0]?.signal?.aborted).toBe(true)
  })
})
