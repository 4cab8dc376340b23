import type { RequestListener, ServerResponse } from 'node:http'
import { type GatewayAnswer, gatewayAnswers } from '../../src/testing/gatewayAnswers.ts'
import type { LoopbackServer } from './listen.ts'

/**
 * `open`: every request reaches the backend. `slow`: after a while. `gone`: nobody listens. Anything else is answered
 * by the gateway itself, and the backend sees nothing of it.
 */
export type GatewayMode = 'open' | 'slow' | 'gone' | GatewayAnswer

/** A request that the gateway has answered itself. */
export interface TurnedAway {
  readonly path: string
  readonly status: number
  readonly attemptId: string | undefined
}

/** A gateway in front of the backend, as nginx, Traefik, Envoy or an access proxy would be. */
export interface Gateway {
  readonly mode: GatewayMode
  /** What the gateway has answered itself, in order. */
  readonly turnedAway: readonly TurnedAway[]
  /** From now on. `delayMs`: how slow `slow` is; real time. @default 2_000 */
  set(mode: GatewayMode, options?: { readonly delayMs?: number }): Promise<void>
  /**
   * The backend restarts: the gateway answers `says` for `ms` of real time, then passes requests on again. Whatever is
   * set meanwhile holds. @default 'badGateway'
   */
  restart(ms: number, says?: Exclude<GatewayMode, 'open'>): Promise<void>
}

const SLOW_MS = 2_000
const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())

/** Puts a gateway in front of what `server` handles. */
export function createGateway(server: LoopbackServer, backend: RequestListener): Gateway {
  let mode: GatewayMode = 'open'
  const turnedAway: TurnedAway[] = []
  let delay = SLOW_MS
  let settings = 0

  server.handle(async (request, response) => {
    if (mode === 'slow') await pause(delay)
    if (mode === 'open' || mode === 'slow' || mode === 'gone') return backend(request, response)
    request.resume()
    const answer = gatewayAnswers[mode]()
    const { 'x-refresh-attempt-id': attemptId } = request.headers
    turnedAway.push({
      path: request.url ?? '',
      status: answer.status,
      attemptId: typeof attemptId === 'string' ? attemptId : undefined,
    })
    await write(answer, response)
  })

  async function set(next: GatewayMode, { delayMs = SLOW_MS }: { readonly delayMs?: number } = {}) {
    settings += 1
    const before = mode
    mode = next
    delay = delayMs
    if (next === 'gone') await server.stop()
    else if (before === 'gone') await server.start()
  }

  return {
    get mode() {
      return mode
    },
    turnedAway,
    set,
    async restart(ms, says = 'badGateway') {
      const begun = set(says)
      const own = settings
      await begun
      await pause(ms)
      if (settings === own) await set('open')
    },
  }
}

async function write(answer: Response, response: ServerResponse): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer())
  response.writeHead(answer.status, [...answer.headers, ['content-length', String(body.length)]].flat())
  response.end(body)
}
