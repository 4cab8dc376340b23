import type { Clock } from '../session/clock.ts'

/** Longer than any timer can be: no limit. */
const LONGEST_MS = 2 ** 31 - 1

/** A body that breaks off when its source brings nothing for `ms`. Whoever reads slowly costs it nothing. */
export function withinSilence(
  body: ReadableStream<Uint8Array>,
  ms: number,
  clock: Clock,
): ReadableStream<Uint8Array> {
  if (ms > LONGEST_MS) return body
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let disarm = () => {}
      const silence = new Promise<never>((_, reject) => {
        disarm = clock.setTimer(
          () => reject(new Error(`The backend sent nothing for ${ms} ms.`)),
          ms,
          'background',
        )
      })
      try {
        const { done, value } = await Promise.race([reader.read(), silence])
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        reader.cancel(error).catch(() => {})
        throw error
      } finally {
        disarm()
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
