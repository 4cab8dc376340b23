import { request } from '../../wire/request.ts'
import type { WireAnswer } from '../../wire/wireAnswer.ts'
import type { LibrechatLine } from './line.ts'

export interface BackendCall {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The backend's answer with its JSON parsed; `unavailable`: there was none, or it could not be read. */
export type BackendAnswer =
  | {
      readonly kind: 'answer'
      readonly answer: WireAnswer
      readonly json: Record<string, unknown> | undefined
    }
  | { readonly kind: 'unavailable' }

/** One call of this server to the backend: limited in time and size, without following redirects. */
export async function callBackend(
  line: LibrechatLine,
  { path, method = 'POST', body, headers }: BackendCall,
): Promise<BackendAnswer> {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const disarm = line.clock.setTimer(abort, line.attemptTimeoutMs, 'foreground')
  try {
    const answer = await request({
      url: `${line.baseUrl}${path}`,
      method,
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: controller.signal,
      fetch: line.fetch,
    })
    if (answer.kind !== 'answer' || answer.fault || answer.redirected) return { kind: 'unavailable' }
    return { kind: 'answer', answer, json: asObject(answer.text) }
  } finally {
    disarm()
  }
}

function asObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
