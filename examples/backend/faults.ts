/** The routes that faults can be put on. `any` stands for all of them. */
export type RouteName =
  | 'loginLocal'
  | 'verifyTwoFactor'
  | 'verify'
  | 'openidCheck'
  | 'openidStart'
  | 'openidCallback'
  | 'exchange'
  | 'openidRefresh'
  | 'cookieRefresh'
  | 'logout'
  | 'data'

/** `before`: the handler does not run. `after`: it has run, so a refresh token has been consumed. */
export type FaultMoment = 'before' | 'after'

export type FaultBody = string | Uint8Array<ArrayBuffer> | (() => ReadableStream<Uint8Array>)

export type Fault =
  /** A fixed answer in place of the real one. */
  | {
      readonly kind: 'respond'
      readonly at?: FaultMoment
      readonly status: number
      readonly headers?: Readonly<Record<string, string>> | ReadonlyArray<readonly [string, string]>
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
}

export interface InjectedFault {
  /** Requests hit so far. */
  readonly hits: number
  /** Takes the fault away and lets hanging requests go on. */
  clear(): void
}

export interface Faults {
  inject(route: RouteName | 'any', fault: Fault, options?: FaultOptions): InjectedFault
  /** Clears the faults of one route, or all. */
  clear(route?: RouteName | 'any'): void
}
