import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import {
  createWebSocketInspector,
  createWebSocketReceiver,
  type StatelyInspectionEvent,
} from '@statelyai/inspect'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { inspectSession } from 'xstate-session/inspect'
import type { Panel } from '../../examples/admin-panel/server/servePanel.ts'
import { startPanel } from '../../examples/admin-panel/server/startPanel.ts'
import { type Backend, startBackend } from '../../examples/backend/startBackend.ts'
import { freePort } from '../../examples/demo/freePort.ts'
import { type Inspector, startInspector } from '../../examples/inspector/startInspector.ts'
import { launchChromium } from '../browser/launchChromium.ts'
import { violationsOf } from '../e2e/violationsOf.ts'
import { fakeClock } from '../fakeClock.ts'
import { answersOf, leaksOf, logIn, sessionWithCanaries } from './life.ts'

let browser: Browser
let backend: Backend
let panel: Panel
let inspector: Inspector
beforeAll(async () => {
  const port = await freePort(0)
  const panelUrl = `http://localhost:${port}`
  inspector = await startInspector({ port: await freePort(0), pages: { [panelUrl]: 'Admin panel' } })
  backend = await startBackend({ panelUrl, knobs: { sessionMs: 600_000 } })
  panel = await startPanel({ backend, port, inspectorUrl: inspector.socketUrl })
  browser = await launchChromium()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await panel?.close()
  await inspector?.close()
  await backend?.close()
})

test('the demo in its inspector: a page and a process, live, accessible, from nowhere else', async () => {
  const context = await browser.newContext({ viewport: { width: 1500, height: 1000 } })
  const complaints: string[] = []
  const elsewhere: string[] = []
  const frames: string[] = []
  context.on('weberror', (error) => complaints.push(String(error.error())))
  context.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && ![inspector.url, panel.url].includes(origin)) elsewhere.push(request.url())
  })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => frames.push(String(payload))))
  await page.goto(inspector.url)

  // A process of Node.
  const clock = fakeClock()
  const session = sessionWithCanaries(answersOf(clock.wall()), { clock })
  const sending = createWebSocketInspector({ url: inspector.socketUrl })
  onTestFinished(() => sending.stop())
  inspectSession(session, sending)
  await logIn(session, clock.wall())
  await page.getByRole('img', { name: 'Statechart; the state is active' }).waitFor()
  await page.getByLabel('Events, newest first').getByText('session.started').waitFor()

  // And the page of the panel.
  const admin = await context.newPage()
  await admin.goto(panel.url)
  await admin.getByLabel('E-mail').fill('ada@local.example')
  await admin.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Admin panel' }).click()
  await page.getByRole('img', { name: 'Statechart; the state is active' }).waitFor()
  expect(await page.getByRole('button', { name: /^(Node|Admin panel)/ }).count()).toBe(2)
  expect(await violationsOf(page)).toEqual([])

  await admin.close()
  await page.getByRole('button', { name: /Admin panel.*gone/ }).waitFor()
  // What is gone is in no state any more, also while it is looked at.
  await page.getByRole('img', { name: 'Statechart; no state is lit' }).waitFor()
  await page.getByRole('heading', { name: 'Gone; it was active' }).waitFor()
  expect(await page.locator('.chart .lit').count()).toBe(0)
  expect(await violationsOf(page)).toEqual([])
  session.dispose()
  await page.getByRole('button', { name: /Node.*gone/ }).waitFor()
  expect(frames.length).toBeGreaterThan(5)
  expect(leaksOf(frames.join('\n'))).toEqual([])
  expect(frames.join('\n')).not.toContain('ada@local.example')
  expect([complaints, elsewhere]).toEqual([[], []])
}, 120_000)

test('its relay takes the place of the stock server: the official receiver hears a session', async () => {
  const received: StatelyInspectionEvent[] = []
  createWebSocketReceiver({ server: inspector.socketUrl }).subscribe((message) => void received.push(message))
  const clock = fakeClock()
  const session = sessionWithCanaries([], { clock })
  // A program says how it wants to be called.
  const sending = createWebSocketInspector({ url: `${inspector.socketUrl}/?name=Ada` })
  onTestFinished(() => sending.stop())
  inspectSession(session, sending)
  await logIn(session, clock.wall())
  session.dispose()
  await expect.poll(() => JSON.stringify(received)).toContain('"status":"stopped"')
  expect(JSON.stringify(received)).toContain('"value":"active"')
  expect(JSON.stringify(received)).toContain('"where":"Ada"')
})

test('a page of another origin is refused, by its origin and by the name that it calls the host', async () => {
  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { host: 'evil.example' }]) {
    const socket = new WebSocket(inspector.socketUrl, { headers })
    const [error] = await once(socket, 'error')
    expect(String(error)).toContain('401')
  }
})

test('nobody but this machine can reach it', async () => {
  const others = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  const { port } = new URL(inspector.url)
  for (const { address, internal, family } of others) {
    if (internal || family !== 'IPv4') continue
    const answer = await fetch(`http://${address}:${port}/`).then(
      () => 'answered',
      () => 'refused',
    )
    expect(answer).toBe('refused')
  }
  expect(new URL(inspector.url).hostname).toBe('127.0.0.1')
})
