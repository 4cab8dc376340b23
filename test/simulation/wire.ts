import type { Send } from '../proof/judge/history.ts'
import { GATEWAYS, type GatewayAnswer } from '../proof/world/gateways.ts'
import type { Place } from '../proof/world/place.ts'
import type { Random } from '../proof/world/random.ts'
import {
  type Answer,
  type Asked,
  type Backend,
  LOGINS,
  type Route,
  routeOf,
  tokenOf,
  type Verdict,
} from './backend.ts'
import type { Court, Fate } from './court.ts'
import type { Fault, WireFault } from './faults.ts'
import type { Grant } from './provider.ts'
import type { Time } from './time.ts'
import type { Trace } from './trace.ts'

/** Whose requests they are. `tab`: which of several sessions of one place. */
export interface Caller {
  readonly seat: number
  readonly place: Place
  readonly tab: number
}

export interface WireOptions {
  readonly time: Time
  readonly trace: Trace
  readonly court: Court
  readonly backend: Backend
  /** The faults that now concern a seat's requests. */
  readonly faultsOf: (seat: number) => readonly Fault[]
  readonly hit: (kind: WireFault) => void
  /** Of a seat's requests. */
  readonly randomOf: (seat: number) => Random
  /** The process died at an answer: told after the backend has processed a refresh. */
  readonly onProcessed: (caller: Caller, answer: Answer) => void
}

const failed = (code: string, syscall?: string) =>
  Object.assign(new Error('failed'), { code, ...(syscall && { syscall }) })

const html = (status: number, more: Partial<Answer> = {}): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html>of something in between</html>',
  verdict: 'silent',
  ...more,
})
/** Of a route that is missing there nobody takes a word for the backend's. */
function gatewayAnswer(roll: number): Answer {
  const { fate: verdict, ...answer } = GATEWAYS[Math.floor(roll * GATEWAYS.length)] as GatewayAnswer
  // Here the way leads to the same origin, where a call follows it; in chaos it leads elsewhere.
  return { ...answer, ...(answer.status === 302 && { headers: { location: '/login' } }), verdict }
}
/** What LibreChat answers for a route that is not there. A provider's token endpoint says nothing that is known. */
const noRoute = (path: string): Answer => {
  const isOauth = routeOf(path) === 'oauth'
  return isOauth
    ? html(404, { verdict: 'refused' })
    : { ...coded(404, '', 'unsupported'), body: '{"message":"Endpoint not found"}' }
}
const coded = (status: number, code: string, verdict: Verdict, more = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...more },
  body: JSON.stringify({ error_code: code }),
  verdict,
})

/** What is answered in place of the backend, which sees nothing of it. */
function insteadOf(fault: Fault, { url }: Asked, roll: number): Answer | undefined {
  switch (fault.kind) {
    case 'gateway':
      return gatewayAnswer(fault.roll)
    case 'portal':
      return html(200)
    case 'busy':
      return coded(503, 'OPENID_NOT_CONFIGURED', 'refused')
    case 'limited':
      return coded(429, '', 'refused', { 'retry-after': String(1 + Math.floor(roll * 90)) })
    case 'outage':
      return coded(401, 'REFRESH_FAILED', 'ambiguous')
    case 'noRoute':
      return noRoute(url.pathname)
    case 'forbidden':
      return coded(403, 'FORBIDDEN', 'rejected')
    default:
      return undefined
  }
}

/** The network between places and the backend. */
export function createWire(options: WireOptions) {
  const { time, trace, court, backend, faultsOf, hit, randomOf, onProcessed } = options

  return function fetchOf(caller: Caller): typeof globalThis.fetch {
    const { seat, place, tab } = caller
    return (input, init) => {
      const url = new URL(typeof input === 'string' ? input : input instanceof URL ? input.href : input.url)
      const asked: Asked = {
        url,
        method: init?.method ?? 'GET',
        headers: new Headers(init?.headers),
        body: typeof init?.body === 'string' ? init.body : '',
      }
      const route = routeOf(url.pathname)
      const random = randomOf(seat)
      // As many for each request, so that what one meets changes nothing for the next.
      const [chance, there, back, roll] = [
        random.next(),
        random.between(2, 80),
        random.between(2, 80),
        random.next(),
      ]
      const fault = place.isAlive() ? faultFor(seat, route, asked, chance) : undefined
      return new Promise<Response>((resolve, reject) => {
        if (!place.isAlive()) return
        const send = route && court.sent(caller, tokenOf(route, asked))
        if (!route) court.wired(caller, asked)
        const isDone = { value: false }
        const conclude = (fate: Fate, then: () => void, grant?: Grant) => {
          if (isDone.value) return
          isDone.value = true
          if (send) court.closed(send, fate, grant)
          then()
        }
        init?.signal?.addEventListener('abort', () => {
          conclude('lost', () => reject(failed('ABORT_ERR')))
        })
        const fail = (ms: number, fate: Fate, error: Error) =>
          place.after(ms, () => conclude(fate, () => reject(error)))
        if (fault) hit(fault.kind as WireFault)
        const kind = fault?.kind as WireFault | undefined
        if (kind === 'refused') return fail(there, 'refused', failed('ECONNREFUSED', 'connect'))
        if (kind === 'reset') return fail(there, 'lost', failed('ECONNRESET', 'read'))
        if (kind === 'hole') {
          if (!route) court.swallowed(asked)
          return
        }
        const slowMs = kind === 'slow' ? Math.round(200 + (fault?.roll ?? 0) ** 2 * 39_000 * roll) : 0
        time.at(time.now() + there + slowMs / 2, () => {
          const answer = (fault && insteadOf(fault, asked, roll)) ?? processed(kind, asked, send)
          // The words of one route mean nothing on another.
          if (kind === 'afterwards')
            Object.assign(answer, coded(500, 'INTERNAL_ERROR', route === 'openid' ? 'ambiguous' : 'silent'))
          if (kind === 'lost') return fail(back, 'lost', failed('ECONNRESET', 'read'))
          place.after(back + slowMs / 2, () => {
            if (kind === 'truncated') return conclude('lost', () => resolve(cutOff(answer)))
            const then = () => {
              if (send && answer.grant && answer.status === 200) court.delivered(send, answer.grant)
              if (send && answer.status === 429) court.limited(caller, answer)
              if (!route && answer.status === 401) court.rejected(asked)
              resolve(new Response(answer.body, { status: answer.status, headers: answer.headers }))
            }
            conclude(fateOf(answer), then, answer.grant)
          })
        })
      })

      function processed(kind: WireFault | undefined, asked: Asked, send: Send | undefined): Answer {
        if (!route) {
          if (url.pathname === '/revoke' || url.pathname.endsWith('/logout')) {
            court.ending(asked)
            return { ...backend.end(asked) }
          }
          if (LOGINS.includes(url.pathname)) {
            const admitted = backend.admit(asked)
            const { bearer, refreshToken } = admitted.grant as Grant
            court.login(caller, bearer.family, refreshToken)
            return { ...admitted }
          }
          court.arrived()
          return kind === 'api401' ? coded(401, '', 'refused') : { ...backend.api(asked) }
        }
        const answer = backend.refresh(route, asked)
        trace.note(seat, `tab ${tab} refresh ${send?.token}: ${answer.verdict}`)
        if (send) court.processed(send, answer)
        onProcessed(caller, answer)
        return { ...answer }
      }
    }

    function faultFor(
      seat: number,
      route: Route | undefined,
      asked: Asked,
      chance: number,
    ): Fault | undefined {
      for (const fault of faultsOf(seat)) {
        if (chance >= fault.share) continue
        const { kind } = fault
        const isOfRefresh = ['noRoute', 'forbidden', 'outage', 'busy', 'afterwards'].includes(kind)
        if (isOfRefresh && !route) continue
        // The words of one route mean nothing on another.
        if (['busy', 'outage', 'forbidden'].includes(kind) && route !== 'openid') continue
        if (kind === 'api401' && !asked.url.pathname.startsWith('/api/admin/users')) continue
        if (kind === 'limited' && !route) continue
        return fault
      }
      return undefined
    }
  }
}

/** What whoever sent a refresh learns of its token. */
function fateOf({ verdict }: Answer): Fate {
  return verdict === 'rotated' || verdict === 'kept' ? 'delivered' : (verdict ?? 'ambiguous')
}

/** Half of an answer, and then the end of the connection. */
function cutOff({ status, headers, body }: Answer): Response {
  const half = new TextEncoder().encode(body.slice(0, body.length / 2))
  const cut = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(half)
    },
    pull(controller) {
      controller.error(failed('ECONNRESET', 'read'))
    },
  })
  return new Response(cut, { status, headers })
}
