import type { ServerNotice } from 'xstate-session/server'

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
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

/** What can be broken, and where things stand. */
export interface Breakable {
  state(): ControlState
  readonly doings: Readonly<Record<string, () => void>>
}

/** Breaks things on demand, for a demo on one's own machine, and streams what happens on the server. */
export function createControlRoom({ state, doings }: Breakable) {
  const listeners = new Set<(line: string) => void>()
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
      // To `look` is only to be told where things stand.
      const isKnown = doing !== undefined || name === 'look'
      if (request.method !== 'POST' || !isKnown || request.headers.get('x-csrf') !== '1')
        return new Response(null, { status: 404 })
      doing?.()
      tell('state', state())
      return new Response(JSON.stringify(state()), { headers: JSON_HEADERS })
    },
    close() {
      clearInterval(heartbeat)
      listeners.clear()
    },
  }
}
