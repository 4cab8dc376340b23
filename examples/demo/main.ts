import { createWebSocketInspector } from '@statelyai/inspect'
import { inspectSession } from 'xstate-session/inspect'
import { startPanel } from '../admin-panel/server/startPanel.ts'
import { startProviderPanel } from '../admin-panel/server/startProviderPanel.ts'
import { startBackend } from '../backend/startBackend.ts'
import { startInspector } from '../inspector/startInspector.ts'
import { freePort } from './freePort.ts'
import { live } from './live.ts'
import { createStage, LIFE_MS } from './stage.ts'
import { isAsExpected, printSummary } from './summary.ts'
import { createTimeline, paint } from './timeline.ts'
import { playTour } from './tour.ts'

const usage = `npm run demo             an admin panel to open, and two sessions, live until Ctrl-C
npm run demo -- --once   the tour, checked; the exit code tells
npm run demo -- --provider oidc   the panel alone, at an OpenID provider that knows nothing of LibreChat
npm run inspect          the demo, its sessions shown in an inspector on this machine`

const PANEL_PORT = 4180
const PANEL_LIFE_MS = 60_000
const INSPECTOR_PORT = 4190

const flags = process.argv.slice(2)
if (flags[0] === '--provider' || flags[0]?.startsWith('--provider=')) {
  const [name, ...others] =
    flags[0] === '--provider' ? flags.slice(1) : [flags[0].slice(11), ...flags.slice(1)]
  if (name !== 'oidc' || others.length > 0) {
    const given = name ? `"${[name, ...others].join(' ')}"` : 'nothing'
    console.error(`--provider takes "oidc" and nothing after it; it was given ${given}.\n\n${usage}`)
    process.exit(2)
  }
  await atProvider()
  process.exit(0)
}
if (flags.length > 1 || flags.some((flag) => flag !== '--once' && flag !== '--inspect')) {
  console.error(usage)
  process.exit(2)
}
const isOnce = flags.includes('--once')

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const timeline = createTimeline(console.log)
const backend = await startBackend({ knobs: { sessionMs: LIFE_MS } })
const panelPort = isOnce ? 0 : await freePort(PANEL_PORT)
const panelUrl = `http://localhost:${panelPort}`
const inspector = flags.includes('--inspect')
  ? await startInspector({ port: await freePort(INSPECTOR_PORT), pages: { [panelUrl]: 'Admin panel' } })
  : undefined
const panel = isOnce ? undefined : await openPanel()
/** By name: each admin has a connection of her own, so that the inspector can tell them apart. */
const sockets = new Map<string, ReturnType<typeof createWebSocketInspector>>()

function stage() {
  const made = createStage(backend, timeline, stop.signal)
  if (inspector)
    for (const { name, session } of [made.ada, made.olga]) {
      const socket =
        sockets.get(name) ?? createWebSocketInspector({ url: `${inspector.socketUrl}/?name=${name}` })
      sockets.set(name, socket)
      inspectSession(session, socket)
    }
  return made
}

timeline.line(paint('bold', 'xstate-session: the life of two admin sessions'))
if (inspector) timeline.line(`Open ${paint('bold', inspector.url)} : every session of the demo, as it lives.`)
if (panel) timeline.line(`Open ${paint('bold', panel.url)} : an admin panel that you can break.`)
timeline.line(`Backend ${backend.url}, with a real OpenID provider ${backend.providerUrl}.`)
timeline.line('served: calls answered with 200.  requests: what reached the backend (refreshes among it).')
timeline.line("version: counts a session's bearers.  ends in: until when the bearer at hand is good.")
if (!isOnce) timeline.line('Ctrl-C stops.')

try {
  if (isOnce) {
    const { ada, olga, ...rest } = stage()
    const verdicts = await playTour({ ada, olga, ...rest }, stop.signal)
    ada.session.dispose()
    olga.session.dispose()
    printSummary(timeline, verdicts)
    process.exitCode = isAsExpected(verdicts) ? 0 : 1
  } else {
    await live(stage)
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
  timeline.line('\nStopped.')
  process.exitCode = isOnce ? 130 : 0
} finally {
  stop.abort()
  for (const socket of sockets.values()) socket.stop()
  await inspector?.close()
  await panel?.close()
  await backend.close()
}

/** The panel at a provider, until Ctrl-C. */
async function atProvider(): Promise<void> {
  const { url, issuer, close } = await startProviderPanel({
    port: await freePort(PANEL_PORT),
    bearerSeconds: PANEL_LIFE_MS / 1000,
  })
  // Before the line is out: whoever reads it may stop at once.
  const stopped = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
  console.log(`Open ${url} : an admin panel at an OpenID provider. Its bearers live for ${PANEL_LIFE_MS / 1000} s.
Sign in as ada, bob or olga at ${issuer}. Ctrl-C stops.`)
  await stopped
  await close()
}

/** With a backend of its own, whose bearers live long enough to look at. */
async function openPanel() {
  const own = await startBackend({ panelUrl, knobs: { sessionMs: PANEL_LIFE_MS } })
  const inspectorUrl = inspector?.socketUrl
  const { url, close } = await startPanel({ backend: own, port: panelPort, inspectorUrl })
  return {
    url,
    async close() {
      await close()
      await own.close()
    },
  }
}
