import type { ServerNotice } from 'xstate-session/server'
import type { AccountName } from '../../backend/accounts.ts'
import type { Backend } from '../../backend/startBackend.ts'

/** What the control room knows; the page shows it. */
export interface ControlState {
  readonly provider: 'up' | 'down'
  /** `restarting`: a gateway answers in the backend's place. */
  readonly backend: 'up' | 'restarting'
  readonly revoked: boolean
  /** Requests that reached the backend, refreshes among them. */
  readonly requests: number
  readonly refreshes: number
  /** The most often that one refresh token was presented. */
  readonly mostPresented: number
  /** Presentations of a token that had been spent: what makes a provider revoke everything. */
  readonly replays: number
}

const HEARTBEAT_MS = 1_000
/** Long enough to fire calls into it. */
const RESTART_MS = 15_000
const ADMINS: readonly AccountName[] = ['localAdmin', 'openidAdmin']
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/** Breaks the backend on demand, for a demo on one's own machine, and streams what happens on the server. */
export function createControlRoom(backend: Backend) {
  const { operator, faults, gateway, log } = backend
  const listeners = new Set<(line: string) => void>()
  let provider: ControlState['provider'] = 'up'
  let revoked = false

  const state = (): ControlState => ({
    provider,
    backend: gateway.mode === 'open' ? 'up' : 'restarting',
    revoked,
    requests: log.requests.length,
    refreshes: log.presentations.length,
    mostPresented: Math.max(0, ...[...log.presentationsPerToken().values()].map((those) => those.length)),
    replays: log.replays().length,
  })
  const tell = (type: string, data: unknown) => {
    for (const send of listeners) send(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  let shown = ''
  const heartbeat = setInterval(() => {
    const now = JSON.stringify(state())
    if (now !== shown) tell('state', state())
    shown = now
  }, HEARTBEAT_MS)
  heartbeat.unref()

  const doings: Readonly<Record<string, () => void>> = {
    /** Only to be told where things stand. */
    look() {},
    expire: () => operator.invalidateBearers(),
    providerDown() {
      provider = 'down'
      operator.setProviderConnection('down')
      faults.inject('cookieRefresh', { kind: 'respond', status: 503 }, { times: Infinity })
    },
    providerUp() {
      provider = 'up'
      operator.setProviderConnection('up')
      faults.clear('cookieRefresh')
    },
    /** As a deploy does: the gateway in front of it answers 502 meanwhile. */
    restart: () => void gateway.restart(RESTART_MS),
    /** The next refresh is processed, and its answer never arrives. */
    loseAnswer() {
      faults.inject('openidRefresh', { kind: 'reset', at: 'after' })
      faults.inject('cookieRefresh', { kind: 'reset', at: 'after' })
    },
    revoke() {
      revoked = true
      for (const admin of ADMINS) operator.revokeAdmin(admin)
    },
    grant() {
      revoked = false
      for (const admin of ADMINS) operator.grantAdmin(admin)
    },
  }

  function stream(): Response {
    const text = new TextEncoder()
    let leave = () => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const send = (line: string) => controller.enqueue(text.encode(line))
        leave = () => void listeners.delete(send)
        listeners.add(send)
        send(`event: state\ndata: ${JSON.stringify(state())}\n\n`)
      },
      cancel: () => leave(),
    })
    return new Response(body, {
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    })
  }

  return {
    observe: (notice: ServerNotice) => tell('notice', notice),
    async handle(request: Request): Promise<Response> {
      const name = new URL(request.url).pathname.slice('/control/'.length)
      if (request.method === 'GET' && name === 'events') return stream()
      const doing = doings[name]
      if (request.method !== 'POST' || !doing || request.headers.get('x-csrf') !== '1')
        return new Response(null, { status: 404 })
      doing()
      tell('state', state())
      return new Response(JSON.stringify(state()), { headers: JSON_HEADERS })
    },
    close() {
      clearInterval(heartbeat)
      listeners.clear()
    },
  }
}
