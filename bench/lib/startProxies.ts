import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as passed } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../examples/demo/freePort.ts'
import { startPageProvider } from '../../examples/embed/provider.ts'
import { has } from '../../test/interop/children.ts'
import { createUserAgent } from '../../test/interop/userAgent.ts'
import { apache, oauth2Proxy, type PeerProxy } from './peerProxies.ts'

/** What a proxy is told of its surroundings. */
export interface ProxySettings {
  readonly port: number
  /** The backend; an origin. */
  readonly target: string
  readonly issuer: string
  readonly clientSecret: string
  /** What a proxy without sessions puts into every call. */
  readonly bearer: string
}

/** A proxy that runs, alone on its core, and the cookies of a session of it. */
export interface RunningProxy {
  readonly kind: string
  readonly who: string
  readonly port: number
  readonly pid: number
  readonly cookie: string
}

interface Kind {
  readonly who: string
  /** Absent: it is one of `nodeProxy.ts`. */
  readonly peer?: (settings: ProxySettings) => PeerProxy
  /** Where the provider sends users back, and how a login begins; absent: it has no sessions. */
  readonly callback?: string
}

const BARE: Readonly<Record<string, Kind>> = {
  streams: { who: 'bare node streams' },
  'streams again': { who: 'A/A control' },
  fetch: { who: "bare, the platform's fetch" },
}
const OURS: Readonly<Record<string, Kind>> = {
  ours: { who: 'xstate-session on node:http', callback: 'session/callback/staff' },
  oursByFetch: { who: "xstate-session on the platform's fetch", callback: 'session/callback/staff' },
}
const PEERS: Readonly<Record<string, Kind>> = {
  undici: { who: 'bare undici' },
  apache: { who: 'Apache with mod_auth_openidc', peer: apache, callback: 'callback' },
  'oauth2-proxy': { who: 'oauth2-proxy', peer: oauth2Proxy, callback: 'oauth2/callback' },
}

const NODE_PROXY = fileURLToPath(new URL('./nodeProxy.ts', import.meta.url))
const PATIENCE_MS = 20_000

/** The core of the proxies; whoever calls them is on the others. */
const CORE = '0'
export const canPin = has('taskset')

/**
 * Starts the proxies, each in a process of its own, all on one core, and logs one user in at each that has sessions, at
 * one `oidc-provider`. `missing`: what this machine cannot have.
 */
export async function startProxies(target: string, hasPeers: boolean) {
  const kinds = Object.entries({ ...BARE, ...OURS, ...(hasPeers && PEERS) })
  const ports = new Map<string, number>()
  for (const [kind] of kinds) ports.set(kind, await freePort(0))
  const clientSecret = 'the-secret-of-a-confidential-client'
  const provider = await startPageProvider({
    redirectUri: kinds.flatMap(([kind, { callback }]) =>
      callback === undefined ? [] : [`http://127.0.0.1:${ports.get(kind)}/${callback}`],
    ),
    postLogoutRedirectUri: 'http://127.0.0.1/',
    clientSecret,
    accessTokenTtl: 86_400,
  })
  const children: ChildProcess[] = []
  const running: RunningProxy[] = []
  const missing: string[] = []
  async function stop() {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill()
      await ended
    }
    await provider.close()
  }
  async function start(kind: string, { who, peer, callback }: Kind): Promise<void> {
    const port = ports.get(kind) ?? 0
    const settings = { port, target, issuer: provider.issuer, clientSecret, bearer: 'b'.repeat(43) }
    const { command, args } = peer?.(settings) ?? {
      command: process.execPath,
      args: [NODE_PROXY, kind.replace(' again', ''), JSON.stringify(settings)],
    }
    const [program = '', ...words] = [...(canPin ? ['taskset', '-c', CORE] : []), command, ...args]
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    await listening(child, port, who)
    const isOurs = kind.startsWith('ours')
    const cookie = callback === undefined ? '' : await logIn(port, isOurs, provider.subjectOf)
    running.push({ kind, who, port, pid: child.pid ?? 0, cookie })
    console.error(`  ${who}: ready`)
  }

  for (const [kind, about] of kinds)
    try {
      await start(kind, about)
    } catch (error) {
      if (!about.peer) {
        await stop()
        throw error
      }
      missing.push(`${about.who}: ${(error as Error).message}`)
    }
  return { running, missing, stop }
}

/** Resolves when something listens on `port`; rejects with the last words of a child that has ended. */
async function listening(child: ChildProcess, port: number, who: string): Promise<void> {
  let said = ''
  child.stderr?.on('data', (text) => {
    said = (said + text).slice(-1_000)
  })
  const until = performance.now() + PATIENCE_MS
  while (performance.now() < until && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    await passed(50)
  }
  throw new Error(`${who} does not listen: ${said}`)
}

/** Logs ada in, and sees that her bearer arrives at the backend; the cookies of her session. */
async function logIn(
  port: number,
  isOurs: boolean,
  subjectOf: (token: string) => Promise<string | undefined>,
): Promise<string> {
  const base = `http://127.0.0.1:${port}`
  const agent = createUserAgent()
  let start = new URL('/api/bearer', base)
  if (isOurs) {
    const answer = await agent.call(new URL('/session/login/start', base), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf': '1', origin: base },
      body: '{"returnTo":"/api/bearer"}',
    })
    start = new URL(((await answer.json()) as { location: string }).location)
  }
  const asked = await agent.visit(start, [])
  // The provider's page lists its accounts.
  await agent.visit(new URL('?account=ada', asked), [])
  const answer = await agent.call(new URL('/api/bearer', base))
  const who = answer.ok ? await subjectOf(await answer.text()) : undefined
  if (who !== 'ada') throw new Error(`${base} passed no bearer of ada on: ${answer.status} at ${asked.href}`)
  // A jar knows no ports: the provider has cookies of its own.
  const own = [...agent.cookies].filter(([name]) => !/^_(session|interaction)/.test(name))
  return own.map(([name, value]) => `${name}=${value}`).join('; ')
}
