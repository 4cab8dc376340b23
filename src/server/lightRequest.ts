import type { RequestInfo } from './options.ts'
import type { Fields } from './passedHeaders.ts'

/**
 * The parts of a request that the proxy reads. A listener of ours makes one for a handler of ours, because a whole
 * `Request` costs more than everything else that is done with it. Code of the embedder never gets one.
 */
export abstract class LightRequest {
  abstract readonly method: string
  /** Absolute. */
  abstract readonly url: string
  abstract readonly headers: Fields
  abstract readonly signal: AbortSignal
  abstract readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed = false
  /** The same request at another address. Only one of the two may be read. */
  abstract at(url: string): LightRequest
  /** The same request as a whole `Request`. */
  abstract whole(): Request
}

/**
 * A handler that takes a light request, and may return a light answer: the properties of the platform's
 * `LightResponse`.
 */
export type LightHandler = (request: LightRequest, info: RequestInfo) => Promise<Response>

const handlers = new WeakMap<object, LightHandler>()

/** `handle`; `light` serves in its place if `handle` is mounted unchanged. */
export function withLight<Handle extends object>(handle: Handle, light: LightHandler): Handle {
  handlers.set(handle, light)
  return handle
}

/** The function that takes light requests in place of `handle`; absent if code of the embedder stands between. */
export const lightHandlerOf = (handle: object): LightHandler | undefined => handlers.get(handle)

export const wholeOf = (request: Request): Request =>
  (request as unknown) instanceof LightRequest ? (request as unknown as LightRequest).whole() : request

const light = new WeakSet<object>()

/** Marks a function of ours that reads only method, address and headers. */
export function readsLightly<Read extends object>(read: Read): Read {
  light.add(read)
  return read
}

/** `read`, which gets a whole request unless it is one of ours. */
export function onWhole<Rest extends unknown[], Result>(
  read: (request: Request, ...rest: Rest) => Result,
): (request: Request, ...rest: Rest) => Result {
  return light.has(read) ? read : (request, ...rest) => read(wholeOf(request), ...rest)
}
