import { once } from 'node:events'
import { get, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { memoryServerStore, type SessionServerOptions } from 'xstate-session/server'
import { fakeClock } from '../fakeClock.ts'
import { bothWays } from './bothWays.ts'
import { panelBefore } from './onPort.ts'

const EVENTS = '/api/admin/events'
/** How often the session of a stream is looked after (U3). */
const LOOK_MS = 15_000

/** A panel whose backend opens streams and says one word in each; `streams` says more. */
async function streaming(options: Partial<SessionServerOptions> = {}) {
  const streams: ServerResponse[] = []
  let closed = 0
  const panel = await panelBefore((_, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    outgoing.write('data: a\n\n')
    outgoing.on('close', () => closed++)
    streams.push(outgoing)
  }, options)
  /** As a browser would, without limits of its own: `next` is the next part, `undefined` at the end. */
  const open = async () => {
    const request = get(panel.url + EVENTS, { headers: { cookie: panel.cookie } })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    const parts = answer.setEncoding('utf8')[Symbol.asyncIterator]()
    const next = async (): Promise<string | undefined> => (await parts.next()).value
    expect(await next()).toBe('data: a\n\n')
    return { next, leave: () => request.destroy() }
  }
  return { ...panel, streams, open, closed: () => closed }
}

/** From now on the platform's `fetch` cuts a body that is silent for as long, not for 300 s. */
function platformCutsAfter(bodyTimeout: number) {
  const before = getGlobalDispatcher()
  const agent = new Agent({ bodyTimeout })
  setGlobalDispatcher(agent)
  onTestFinished(async () => {
    setGlobalDispatcher(before)
    await agent.destroy()
  })
}

bothWays(() => {
  test('U24: a stream is not cut for its silence, though the platform would cut it', async () => {
    const { streams, open, backend } = await streaming()
    platformCutsAfter(300)
    const direct = await fetch(backend + EVENTS)
    const through = await open()
    await expect(direct.text()).rejects.toMatchObject({ cause: { code: 'UND_ERR_BODY_TIMEOUT' } })
    streams.at(-1)?.write('data: b\n\n')
    expect(await through.next()).toBe('data: b\n\n')
  })

  test('U24: a limit of ours cuts a stream that is silent for longer, and not one that speaks', async () => {
    const clock = fakeClock(Date.now())
    const { streams, open, closed } = await streaming({
      clock,
      store: memoryServerStore({ clock }),
      bodyTimeoutMs: 60_000,
    })
    const { next } = await open()
    for (let n = 0; n < 3; n++) {
      clock.advance(59_999)
      streams[0]?.write(`data: ${n}\n\n`)
      expect(await next()).toBe(`data: ${n}\n\n`)
    }
    // Besides, the session of the stream is looked after.
    const limit = () => clock.pending().filter(({ inMs }) => inMs > LOOK_MS)
    await expect.poll(() => limit().length).toBe(1)
    clock.advance(60_000)
    await expect(next()).rejects.toThrow()
    await expect.poll(closed).toBe(1)
    expect(clock.pending()).toEqual([])
  })

  test('U24: without one no timer of its own runs, and a body ends as it ends', async () => {
    const clock = fakeClock(Date.now())
    const { streams, open } = await streaming({ clock, store: memoryServerStore({ clock }) })
    const { next } = await open()
    expect(clock.pending()).toMatchObject([{ inMs: LOOK_MS }])
    streams[0]?.end('data: z\n\n')
    expect([await next(), await next()]).toEqual(['data: z\n\n', undefined])
  })

  test('U10, U63: a server that stops ends the streams of events, whose listeners come back elsewhere', async () => {
    const { server, open, closed } = await streaming()
    const { next } = await open()
    const before = performance.now()
    await server.drain()
    await expect(next()).rejects.toThrow()
    await expect.poll(closed).toBe(1)
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  test('U24: whoever leaves a limited stream ends it at the backend', async () => {
    const { open, closed } = await streaming({ bodyTimeoutMs: 60_000 })
    const { leave } = await open()
    leave()
    await expect.poll(closed).toBe(1)
  })

  test.each([0, -1, Number.NaN])('U24: %d is no limit', async (bodyTimeoutMs) => {
    await expect(panelBefore(() => {}, { bodyTimeoutMs })).rejects.toThrow('Option "bodyTimeoutMs"')
  })
})
