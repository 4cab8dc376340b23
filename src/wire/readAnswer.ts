import { inflated } from '#transport'
import { bodyReader } from './bodyReader.ts'
import { MAX_ANSWER_BYTES, readBytes } from './readBytes.ts'
import type { WireAnswer } from './wireAnswer.ts'

const FAULTS = { size: 'size', aborted: 'timeout', broken: 'network' } as const

/** Reads a whole answer, limited in size and, by `signal`, in time. Never throws: `fault` says why it is not whole. */
export async function readAnswer(response: Response, signal: AbortSignal): Promise<WireAnswer> {
  const { status, headers, redirected } = response
  const answer = { kind: 'answer', status, headers, redirected, text: '' } as const
  const reader = bodyReader(response)
  if (!reader) return answer
  const bytes = await readBytes(reader, MAX_ANSWER_BYTES, signal)
  if (typeof bytes === 'string') {
    reader.cancel().catch(() => {})
    return { ...answer, fault: FAULTS[bytes] }
  }
  const plain = inflated(bytes, headers.get('content-encoding'), MAX_ANSWER_BYTES)
  if (!plain) return { ...answer, fault: 'size' }
  try {
    return { ...answer, text: textOf(plain, headers) }
  } catch {
    return { ...answer, fault: 'content' }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8 (RFC 8259 section 8.1), else the charset that the answer names. Throws if it is neither. */
function textOf(bytes: Uint8Array, headers: Headers): string {
  try {
    return utf8.decode(bytes)
  } catch {
    const [, charset] = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(headers.get('content-type') ?? '') ?? []
    return new TextDecoder(charset ?? 'utf-8', { fatal: true }).decode(bytes)
  }
}
