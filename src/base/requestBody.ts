import { isDevelopment } from '#development'
import { Misconfigured } from './errors.ts'

/** The parts of a `Request` that a URL lacks. */
export const partsOf = (target: string | Request) => target as Partial<Request>

/** Whether a `Request` may have a body. Firefox does not show it, so its method decides. */
export function mayHaveBody(target: string | Request): target is Request {
  const { method = 'GET', body } = partsOf(target)
  return body !== null && method !== 'GET' && method !== 'HEAD'
}

/** The body of a `Request` that may be sent again; `null` for none. */
export async function readBody(target: string | Request): Promise<ArrayBuffer | null> {
  if (!mayHaveBody(target)) return null
  const body = await target.clone().arrayBuffer()
  return body.byteLength > 0 ? body : null
}

/** A stream can be sent only once. Not every platform has `ReadableStream`. */
export const isOneWay = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body)

/**
 * Firefox would send a stream as the text "[object ReadableStream]", and every browser would do so with an async
 * iterable.
 */
export function refuseUnsendable(body: unknown): void {
  if (!isOneWay(body)) return
  const probe = 'getReader' in (body as object) ? new ReadableStream() : (async function* () {})()
  let isRead = false
  const init = {
    method: 'POST',
    body: probe as BodyInit,
    // A platform that cannot stream a body does not read this property.
    get duplex() {
      isRead = true
      return 'half'
    },
  }
  // A value that is converted to text gets the type of text.
  const isText = new Request('https://own.invalid', init).headers.has('content-type')
  if (isRead && !isText) return
  throw new Misconfigured(
    isDevelopment
      ? 'This platform cannot send a stream as a body: read it first, as in "await new Response(stream).blob()".'
      : 'A body cannot be a stream here.',
  )
}

/** Cancels an unread answer, so that its connection is free again. Not every `fetch` answers with a web stream. */
export function discard({ body }: Response): void {
  const { cancel, destroy } = (body ?? {}) as Partial<ReadableStream & { destroy(): void }>
  // A failed answer has released its connection already.
  if (cancel) cancel.call(body).catch(() => {})
  else destroy?.call(body)
}
