import { boundedBody } from '../base/boundedBody.ts'
import { orAborted } from '../base/orAborted.ts'
import type { BackendAnswer, Forward } from './forwarding.ts'

/**
 * Sends calls on by a web-standard `fetch`. `fetch` decodes bodies and counts them itself, so the backend is asked for
 * no encoding. Lengths and tags then match the bytes that arrive.
 */
export function forwardByFetch(fetch: typeof globalThis.fetch): Forward {
  return async (url, { headers, body, signal, method }, { headMs, clock }) => {
    const late = new AbortController()
    const fire = () => late.abort(new DOMException(`No answer within ${headMs} ms.`, 'TimeoutError'))
    let isOver = false
    let disarm = () => {}
    const arm = () => {
      if (!isOver) disarm = clock.setTimer(fire, headMs, 'background')
    }
    const isStream = body instanceof ReadableStream
    if (!isStream) arm()
    const { 'content-length': _, trailer: __, ...rest } = headers
    const task = fetch(url, {
      method,
      headers: { ...rest, 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal: AbortSignal.any([signal, late.signal]),
      ...(body && { body: isStream ? atItsEnd(body, arm) : body, ...(isStream && { duplex: 'half' }) }),
    } as RequestInit)
    try {
      return answerOf(await orAborted(task, late.signal), method)
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error
    } finally {
      isOver = true
      disarm()
    }
  }
}

/** The same body, which reports when it has been read to its end. */
const atItsEnd = (body: ReadableStream<Uint8Array>, flush: () => void) =>
  body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({ flush }))

function answerOf(response: Response, method: string): BackendAnswer {
  const { ok, status, type, headers, body } = response
  // Some backends encode in any case. Decoded bytes have another length and another tag.
  const isDecoded = (headers.get('content-encoding') ?? '') !== '' && method !== 'HEAD'
  return {
    ok,
    status,
    type,
    body,
    headers: {
      get(name) {
        // `fetch` shows no trailers.
        const value = name === 'trailer' ? null : headers.get(name)
        if (!isDecoded) return value
        if (name === 'content-encoding' || name === 'content-length') return null
        return name === 'etag' ? weak(value) : value
      },
    },
    respond: ({ headers, limits }) => new Response(body && boundedBody(body, limits), { status, headers }),
  }
}

const weak = (tag: string | null) => (tag === null || tag.startsWith('W/') ? tag : `W/${tag}`)
