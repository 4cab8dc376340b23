import { isBrowser } from '#browser'
import { orAborted } from '../base/orAborted.ts'
import { bodyReader } from './bodyReader.ts'
import { MAX_ANSWER_BYTES, readBytes, type Unread } from './readBytes.ts'

/**
 * The decoded bytes of an answer, limited in size and, by `signal`, in time. `undefined`: there is no body. Never
 * throws.
 */
export async function answerBytes(
  answer: Response,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | Unread | undefined> {
  // A page has the platform's own answers, and its own memory only.
  if (isBrowser)
    try {
      const bytes = new Uint8Array(await orAborted(answer.arrayBuffer(), signal))
      return bytes.length > MAX_ANSWER_BYTES ? 'size' : bytes
    } catch {
      return signal.aborted ? 'aborted' : 'broken'
    }
  const reader = bodyReader(answer)
  const bytes = reader && (await readBytes(reader, MAX_ANSWER_BYTES, signal))
  if (typeof bytes === 'string') reader?.cancel().catch(() => {})
  return bytes
}
