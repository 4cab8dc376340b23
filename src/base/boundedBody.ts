import { type BodyLimits, startLimits } from './bodyLimits.ts'

/**
 * A body that fails at a limit, because one that only closes would look complete. A body without a reader is not
 * watched.
 */
export function boundedBody(
  body: ReadableStream<Uint8Array>,
  limits: BodyLimits,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let running: ReturnType<typeof startLimits> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        running ??= startLimits(limits, (why) => {
          controller.error(why)
          reader.cancel(why).catch(() => {})
        })
        running.waits()
        try {
          const { done, value } = await reader.read()
          running.came()
          if (!done) return controller.enqueue(value)
          running.ends()
          controller.close()
        } catch (error) {
          running.ends()
          throw error
        }
      },
      cancel(reason) {
        running?.ends()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
