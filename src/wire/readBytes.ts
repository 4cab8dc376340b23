import type { BodyReader } from './bodyReader.ts'

/** The most decoded bytes of an answer that are read: a user document may hold its picture. */
export const MAX_ANSWER_BYTES = 1_048_576

/** Why a body could not be read to its end. `aborted`: by the signal. `broken`: it ended with an error. */
export type Unread = 'size' | 'aborted' | 'broken'

/**
 * Reads `reader` to its end, at most `maxBytes`, for as long as `signal` permits. Never throws. The caller decides what
 * happens to the unread rest.
 */
export async function readBytes(
  reader: Pick<BodyReader, 'read'>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | Unread> {
  let stop = () => {}
  const aborted = new Promise<'aborted'>((resolve) => {
    stop = () => resolve('aborted')
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), aborted])
      if (next === 'aborted') return next
      if (next.done || !next.value) return joined(chunks, length)
      length += next.value.length
      if (length > maxBytes) return 'size'
      chunks.push(next.value)
    }
  } catch {
    return signal.aborted ? 'aborted' : 'broken'
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
