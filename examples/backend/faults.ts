import type { Context, MiddlewareHandler } from 'hono'
import type { BackendEnv } from './context.ts'
import { alreadySent, dripping, sendTruncated, withoutSetCookie } from './faultResponses.ts'

const routes = {
  'POST /api/admin/login/local': 'loginLocal',
  'POST /api/auth/2fa/verify-temp': 'verifyTwoFactor',
  'GET /api/admin/verify': 'verify',
  'GET /api/admin/oauth/openid/check': 'openidCheck',
  'GET /api/admin/oauth/openid': 'openidStart',
  'GET /api/admin/oauth/openid/callback': 'openidCallback',
  'GET /api/admin/oauth/google': 'googleStart',
  'GET /api/admin/oauth/google/callback': 'googleCallback',
  'POST /api/admin/oauth/exchange': 'exchange',
  'POST /api/admin/oauth/refresh': 'openidRefresh',
  'POST /api/auth/refresh': 'cookieRefresh',
  'POST /api/auth/logout': 'logout',
  'GET /api/admin/users': 'data',
  'GET /api/admin/settings': 'data',
  'PUT /api/admin/settings': 'data',
  'POST /api/admin/echo': 'data',
} as const

/** The routes that faults can be put on; `data` stands for the admin UI's data endpoints. */
export type RouteName = (typeof routes)[keyof typeof routes]

export function routeName(method: string, path: string): RouteName | undefined {
  return (routes as Record<string, RouteName | undefined>)[`${method} ${path}`]
}

/** `before`: the handler does not run. `after`: it has run, so a refresh token has been consumed. */
export type FaultMoment = 'before' | 'after'

export type FaultBody = string | Uint8Array<ArrayBuffer> | (() => ReadableStream<Uint8Array>)

export type Fault =
  /** A fixed answer in place of the real one. */
  | {
      readonly kind: 'respond'
      readonly at?: FaultMoment
      readonly status: number
      readonly headers?: HeadersInit
      readonly body?: FaultBody
    }
  /** Real time passes. */
  | { readonly kind: 'delay'; readonly at?: FaultMoment; readonly ms: number }
  /** No answer until the fault is cleared; then the request goes on. */
  | { readonly kind: 'hang'; readonly at?: FaultMoment }
  /** The connection is reset (RST). */
  | { readonly kind: 'reset'; readonly at?: FaultMoment }
  /** The whole length is announced, the first half is sent, then the connection ends. */
  | { readonly kind: 'truncate' }
  /** The body comes in small pieces. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: 'dropSetCookie' }
  /** The real answer, changed: fields left out, headers doubled, a wrong content type. */
  | { readonly kind: 'edit'; readonly edit: (answer: Response) => Response | Promise<Response> }

export interface FaultOptions {
  /** How many requests are hit; `Infinity`: until cleared. @default 1 */
  readonly times?: number
  /** Only requests for which this is true are hit, and counted. */
  readonly when?: (request: Request) => boolean
}

export interface InjectedFault {
  /** Requests hit so far. */
  readonly hits: number
  /** Takes the fault away and lets hanging requests go on. */
  clear(): void
}

/** Faults that are active together all apply, in the order of injection. @default at 'before' */
export interface Faults {
  inject(route: RouteName | 'any', fault: Fault, options?: FaultOptions): InjectedFault
  /** Clears the faults of one route, or all. */
  clear(route?: RouteName | 'any'): void
}

interface Active {
  readonly route: RouteName | 'any'
  readonly fault: Fault
  readonly when: (request: Request) => boolean
  readonly cleared: Promise<void>
  left: number
  hits: number
  clear(): void
}

/** The answer of a fault that fixed the fate of the request; `undefined`: go on. */
type Effect = Promise<Response | undefined>

async function applyFault(c: Context<BackendEnv>, { fault, cleared }: Active): Effect {
  switch (fault.kind) {
    case 'respond': {
      const body = typeof fault.body === 'function' ? fault.body() : (fault.body ?? null)
      return new Response(body, { status: fault.status, ...(fault.headers && { headers: fault.headers }) })
    }
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.ms))
      return undefined
    case 'hang':
      await cleared
      return undefined
    case 'reset':
      c.env.incoming.socket.resetAndDestroy()
      return alreadySent()
    case 'truncate':
      await sendTruncated(c.res, c.env.outgoing)
      return alreadySent()
    case 'drip':
      return dripping(c.res, fault.bytes, fault.everyMs)
    case 'dropSetCookie':
      return withoutSetCookie(c.res)
    case 'edit':
      return fault.edit(c.res)
  }
}

const momentOf = (fault: Fault): FaultMoment =>
  'at' in fault ? (fault.at ?? 'before') : momentByKind[fault.kind]

const momentByKind = {
  respond: 'before',
  delay: 'before',
  hang: 'before',
  reset: 'before',
  truncate: 'after',
  drip: 'after',
  dropSetCookie: 'after',
  edit: 'after',
} as const satisfies Record<Fault['kind'], FaultMoment>

export interface FaultInjector extends Faults {
  readonly middleware: MiddlewareHandler<BackendEnv>
}

export function createFaultInjector(): FaultInjector {
  let active: Active[] = []

  function take(request: Request, route: RouteName | undefined): Active[] {
    const hit = active.filter(
      (entry) =>
        route && entry.left > 0 && (entry.route === 'any' || entry.route === route) && entry.when(request),
    )
    for (const entry of hit) {
      entry.left -= 1
      entry.hits += 1
    }
    return hit
  }

  return {
    inject(route, fault, { times = 1, when = () => true } = {}) {
      let release = (): void => {}
      const cleared = new Promise<void>((resolve) => {
        release = resolve
      })
      const entry: Active = {
        route,
        fault,
        when,
        cleared,
        left: times,
        hits: 0,
        clear() {
          active = active.filter((other) => other !== entry)
          release()
        },
      }
      active.push(entry)
      return entry
    },
    clear(route) {
      for (const entry of active.filter((other) => route === undefined || other.route === route))
        entry.clear()
    },
    async middleware(c, next) {
      const hit = take(c.req.raw, routeName(c.req.method, c.req.path))
      for (const entry of hit.filter(({ fault }) => momentOf(fault) === 'before')) {
        const answer = await applyFault(c, entry)
        if (answer) return answer
      }
      await next()
      for (const entry of hit.filter(({ fault }) => momentOf(fault) === 'after')) {
        const answer = await applyFault(c, entry)
        if (!answer) continue
        // Assigning over an answer would merge the headers of both.
        c.res = undefined
        c.res = answer
        const presentation = c.get('presentation')
        // Slow but whole is still an answer; anything else may have lost the successor.
        if (presentation && entry.fault.kind !== 'drip') presentation.outcome = 'unknown-to-client'
      }
    },
  }
}
