import { Readable } from 'node:stream'
import type { ReadableStream as NodeWebStream } from 'node:stream/web'
import { scheduler } from 'node:timers/promises'
import type { BodyLimits } from '../base/bodyLimits.ts'
import { boundedBody } from '../base/boundedBody.ts'

/** The node stream behind a web stream. */
export interface NodeBody {
  readonly source: Readable
  /** Absent: nothing breaks it off. */
  readonly limits: BodyLimits | undefined
  /** The trailers that are passed on. */
  readonly trailers: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()
const untouched = new WeakMap<object, NodeBody>()

/**
 * `source` as the body of a web-standard message. Before somebody reads it, nothing is read and no stream is converted.
 * Mostly its consumer needs a node stream again, which `takeNodeBody` returns.
 */
export function webBody(
  source: Readable,
  limits?: BodyLimits,
  trailers: ReadonlySet<string> = NONE,
): ReadableStream<Uint8Array> {
  let opened: ReadableStreamDefaultReader<Uint8Array> | undefined
  function open() {
    untouched.delete(stream)
    if (opened) return opened
    // Node would convert a stream that broke off already into one that looks complete.
    if (source.destroyed) throw new Error('The body broke off.')
    const body = Readable.toWeb(source) as NodeWebStream as ReadableStream<Uint8Array>
    opened = (limits ? boundedBody(body, limits) : body).getReader()
    return opened
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await open().read()
        if (done && (await wasReset(source))) controller.error(new Error('The body broke off.'))
        else if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel(reason) {
        if (opened || !source.destroyed) await open().cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  untouched.set(stream, { source, limits, trailers })
  return stream
}

/** The node stream behind `stream`, if nobody has begun to read it. From now on nobody can read `stream`. */
export function takeNodeBody(stream: ReadableStream<Uint8Array>): NodeBody | undefined {
  const body = stream.locked ? undefined : untouched.get(stream)
  untouched.delete(stream)
  return body
}

/**
 * Whether an ended stream was broken off: a body that is reset over HTTP/2 ends first, and Node reports the cause in
 * the next turn.
 */
export async function wasReset(source: Readable): Promise<boolean> {
  const { stream } = source as { readonly stream?: { readonly rstCode?: number } }
  if (stream?.rstCode === undefined) return false
  await scheduler.yield()
  return stream.rstCode !== 0
}

/** These trailers of an ended message, in the form of `addTrailers`. */
export function trailersOf(source: Readable, names: ReadonlySet<string>): [string, string][] {
  const { trailers = {} } = source as { readonly trailers?: Readonly<Record<string, string>> }
  return Object.entries(trailers).filter(([name]) => names.has(name))
}
