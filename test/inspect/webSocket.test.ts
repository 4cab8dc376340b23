import { once } from 'node:events'
import { type ListenOptions, Server, type Socket } from 'node:net'
import {
  createWebSocketInspector,
  createWebSocketReceiver,
  type StatelyInspectionEvent,
} from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import WebSocket from 'ws'
import { inspectSession } from 'xstate-session/inspect'
import { freePort } from '../../examples/demo/freePort.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { fakeClock } from '../fakeClock.ts'
import { SECOND } from '../session/fixture.ts'
import { answersOf, leaksOf, live, sessionWithCanaries } from './life.ts'

/** The stock server listens on all interfaces: here it is told to stay on loopback. */
const sockets = new Set<Socket>()
let url = ''
let stopServer = () => {}
beforeAll(async () => {
  const port = await freePort(0)
  const { listen } = Server.prototype
  const spied = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...parts) {
    const [port, done] = parts as unknown as [number, () => void]
    this.on('connection', (socket) => sockets.add(socket))
    return listen.call(this, { port, host: '127.0.0.1' } satisfies ListenOptions, done)
  } as Server['listen'])
  const server = createInspectorServer({ port, autoOpen: false })
  const http = spied.mock.contexts.at(-1) as Server
  spied.mockRestore()
  if (!http.listening) await once(http, 'listening')
  expect(http.address()).toMatchObject({ address: '127.0.0.1', port })
  url = `ws://127.0.0.1:${port}`
  stopServer = server.stop
})
afterAll(() => {
  stopServer()
  for (const socket of sockets) socket.destroy()
})

/** Every byte that the server passes on, as text. */
async function listener() {
  const frames: string[] = []
  const socket = new WebSocket(url)
  socket.on('message', (data) => frames.push(data.toString()))
  await once(socket, 'open')
  return frames
}

test('X1 and X2: a session of Node, from its login to its logout, at the official receiver', async () => {
  const clock = fakeClock()
  const session = sessionWithCanaries(answersOf(clock.wall()), { clock })
  const frames = await listener()
  const received: StatelyInspectionEvent[] = []
  const receiver = createWebSocketReceiver({ server: url })
  receiver.subscribe((message) => void received.push(message))
  const inspector = createWebSocketInspector({ url })
  onTestFinished(() => inspector.stop())
  const stop = inspectSession(session, inspector)
  await live(session, clock.wall, () => clock.advance(61 * SECOND))
  session.dispose()
  stop()

  const isLast = (message: StatelyInspectionEvent | undefined) =>
    message?.type === '@xstate.snapshot' && message.snapshot.status === 'stopped'
  await expect.poll(() => isLast(received.at(-1))).toBe(true)
  const snapshots = received.flatMap((message) => (message.type === '@xstate.snapshot' ? [message] : []))
  const told = snapshots.map(({ event, snapshot }) => {
    const { value, context } = snapshot as unknown as { value: string; context: Record<string, unknown> }
    return `${event.type} ${value} ${context.reason} ${context.epoch}.${context.version}`
  })
  for (const step of [
    'session.started active null 1.1',
    'session.renewed active null 1.2',
    'refresh.rejected expired accessRevoked 1.2',
    'refresh.unknown retrying null 2.1',
    'session.ended loggedOut user 2.1',
  ])
    expect(told).toContain(step)

  const actor = received.find((message) => message.type === '@xstate.actor')
  const whole = JSON.stringify(sessionMachine.config, (_, value) =>
    typeof value === 'function' ? { type: value.name } : value,
  )
  expect(JSON.parse(actor?.definition ?? '')).toEqual(JSON.parse(whole))

  expect(frames.length).toBeGreaterThanOrEqual(received.length)
  expect(leaksOf(frames.join('\n'))).toEqual([])
  // Who comes later is sent the last 200 messages: they hold no more than the others.
  const later = await listener()
  await expect.poll(() => later.length).toBe(frames.length)
  expect(leaksOf(later.join('\n'))).toEqual([])
})

test('the search finds what the same wire carries of a session that is attached without us', async () => {
  const clock = fakeClock()
  const session = sessionWithCanaries(answersOf(clock.wall()), { clock })
  onTestFinished(() => session.dispose())
  const frames = await listener()
  const inspector = createWebSocketInspector({ url })
  onTestFinished(() => inspector.stop())
  session.actorRef.system.inspect(inspector.inspect)
  await live(session, clock.wall, () => clock.advance(61 * SECOND))
  await expect.poll(() => leaksOf(frames.join('\n'))).not.toEqual([])
})
