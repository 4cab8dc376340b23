import type { Clock } from '../base/clock.ts'

/** Longer than any timer can be: no limit. */
const LONGEST_MS = 2 ** 31 - 1

export interface BodyBounds {
  /** The body breaks off when its source brings nothing for so long. Whoever reads slowly costs it nothing. */
  readonly silenceMs: number
  readonly clock: Clock
  /** The body breaks off at once. Absent: it goes on for as long as it likes. */
  readonly stop: AbortSignal | undefined
}

/** A body that breaks off rather than to look complete. */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  { silenceMs, clock, stop }: BodyBounds,
): ReadableStream<Uint8Array> {
  if (silenceMs > LONGEST_MS && !stop) return body
  const reader = body.getReader()

  /** Rejects at the first bound that is reached; `free` lets go of both. */
  function bounds() {
    let free = () => {}
    const reached = new Promise<never>((_, reject) => {
      const late = () => reject(new Error(`The backend sent nothing for ${silenceMs} ms.`))
      const stopped = () => reject(new Error('The server stops.'))
      const disarm = silenceMs > LONGEST_MS ? () => {} : clock.setTimer(late, silenceMs, 'background')
      stop?.addEventListener('abort', stopped)
      if (stop?.aborted) stopped()
      free = () => {
        disarm()
        stop?.removeEventListener('abort', stopped)
      }
    })
    return { reached, free }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { reached, free } = bounds()
        try {
          const { done, value } = await Promise.race([reader.read(), reached])
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          reader.cancel(error).catch(() => {})
          throw error
        } finally {
          free()
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
