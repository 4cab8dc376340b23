import type { Clock } from '../base/clock.ts'
import { readBytes } from '../wire/readBytes.ts'
import { failure } from './answers.ts'

export interface BodyLimits {
  readonly maxBytes: number
  /** The time until the last byte, however slowly it arrives; milliseconds. */
  readonly withinMs: number
  readonly clock: Clock
  /** Aborted when the server stops, because a stop waits for no body. */
  readonly draining: AbortSignal
}

/** The server ignores the rest of the body. */
const CLOSE = { connection: 'close' }

/** Reads the body of a request, limited in size and time. Resolves to its bytes, or to the answer that says why not. */
export async function readBody(
  request: Request,
  { maxBytes, withinMs, clock, draining }: BodyLimits,
): Promise<Uint8Array<ArrayBuffer> | Response> {
  const reader = request.body?.getReader()
  if (!reader) return new Uint8Array()
  const controller = new AbortController()
  const stop = () => controller.abort()
  const disarm = clock.setTimer(stop, withinMs, 'background')
  draining.addEventListener('abort', stop)
  if (draining.aborted) stop()
  // The rest is not cancelled: on Node that would close the connection before the answer is sent.
  const bytes = await readBytes(reader, maxBytes, controller.signal)
  disarm()
  draining.removeEventListener('abort', stop)
  if (typeof bytes !== 'string') return bytes
  if (bytes === 'size')
    return failure(400, 'invalid_request', { expected: `a body of at most ${maxBytes} bytes` }, [], CLOSE)
  if (bytes === 'broken') return failure(400, 'invalid_request', { expected: 'a whole body' }, [], CLOSE)
  if (draining.aborted) return failure(503, 'draining', {}, [], CLOSE)
  return failure(408, 'body_too_late', { expected: `the whole body within ${withinMs} ms` }, [], CLOSE)
}
