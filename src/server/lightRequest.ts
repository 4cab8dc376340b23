import type { RequestInfo } from './options.ts'
import type { Fields } from './passedHeaders.ts'

/**
 * A request as much of it as the proxy looks at: a listener of ours makes one for a handler of ours, where a whole `Request`
 * costs more than all that is done with it. Code of the embedder is never given one.
 */
export abstract class LightRequest {
  abstract readonly method: string
  /** Absolute. */
  abstract readonly url: string
  abstract readonly headers: Fields
  abstract readonly signal: AbortSignal
  abstract readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed = false
  /** The same as a `Request`. */
  abstract whole(): Request
}

/** A handler that takes a light request, and may give a light answer: what `LightResponse` of the platform has. */
export type LightHandler = (request: LightRequest, info: RequestInfo) => Promise<Response>

const handlers = new WeakMap<object, LightHandler>()

/** `handle`, which `light` answers where it is mounted as it is. */
export function withLight<Handle extends object>(handle: Handle, light: LightHandler): Handle {
  handlers.set(handle, light)
  return handle
}

/** What takes light requests in place of `handle`; absent where code of the embedder stands between. */
export const lightHandlerOf = (handle: object): LightHandler | undefined => handlers.get(handle)

export const wholeOf = (request: Request): Request =>
  (request as unknown) instanceof LightRequest ? (request as unknown as LightRequest).whole() : request

const light = new WeakSet<object>()

/** Marks a function of ours that looks at method, address and headers alone. */
export function readsLightly<Read extends object>(read: Read): Read {
  light.add(read)
  return read
}

/** `read`, given a whole request unless it is one of ours. */
export function onWhole<Rest extends unknown[], Result>(
  read: (request: Request, ...rest: Rest) => Result,
): (request: Request, ...rest: Rest) => Result {
  return light.has(read) ? read : (request, ...rest) => read(wholeOf(request), ...rest)
}
