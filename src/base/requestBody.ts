import { isDevelopment } from '#development'
import { Misconfigured } from './errors.ts'

/** What a `Request` brings along. A URL has nothing of it. */
export const partsOf = (target: string | Request) => target as Partial<Request>

/** Whether a `Request` may have a body. Firefox does not show it, so its method has to tell. */
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

/** A stream is gone once it was sent. Not every platform has `ReadableStream`. */
export const isOneWay = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body)

/** Firefox would send a stream as the text "[object ReadableStream]", and every browser an async iterable alike. */
export function refuseUnsendable(body: unknown): void {
  if (!isOneWay(body)) return
  const probe = 'getReader' in (body as object) ? new ReadableStream() : (async function* () {})()
  let isRead = false
  const init = {
    method: 'POST',
    body: probe as BodyInit,
    // A platform that cannot stream a body does not ask how.
    get duplex() {
      isRead = true
      return 'half'
    },
  }
  // What is turned into text gets the type of text.
  const isText = new Request('https://own.invalid', init).headers.has('content-type')
  if (isRead && !isText) return
  throw new Misconfigured(
    isDevelopment
      ? 'This platform cannot send a stream as a body: read it first, as in "await new Response(stream).blob()".'
      : 'This platform cannot send a stream as a body.',
  )
}

/** An answer that nobody reads gives its connection back. Not every `fetch` answers with a web stream. */
export function discard({ body }: Response): void {
  const { cancel, destroy } = (body ?? {}) as Partial<ReadableStream & { destroy(): void }>
  // One that has failed already is rid of its connection.
  if (cancel) cancel.call(body).catch(() => {})
  else destroy?.call(body)
}
