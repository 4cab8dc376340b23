import { inflated } from '#transport'
import { answerBytes } from './answerBytes.ts'
import { MAX_ANSWER_BYTES } from './readBytes.ts'
import type { WireAnswer } from './wireAnswer.ts'

const FAULTS = { size: 'size', aborted: 'timeout', broken: 'network' } as const

/** Reads a whole answer, limited in size and, by `signal`, in time. Never throws: `fault` says why it is not whole. */
export async function readAnswer(response: Response, signal: AbortSignal): Promise<WireAnswer> {
  const { status, headers, redirected } = response
  const answer = { kind: 'answer', status, headers, redirected, text: '' } as const
  const bytes = await answerBytes(response, signal)
  if (!bytes) return answer
  if (typeof bytes === 'string') return { ...answer, fault: FAULTS[bytes] }
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
