import { type IncomingHttpHeaders, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { systemClock } from '../base/clock.ts'

/** The answer of a deployment. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[]
  readonly body: string
  /** The body, if it is a JSON object with that type. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

/** Why there was no answer: a code of Node, such as `ECONNREFUSED`. */
export interface NoAnswer {
  readonly failure: string
}

/** Sends a request to `url` without following redirects. Never rejects. */
export type Ask = (url: URL, call?: Call) => Promise<Answer | NoAnswer>

interface Call {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
}

/** How much of a body is read: enough to recognise its sender. */
const MAX_BYTES = 65_536

/** It uses node:http and not `fetch`, because `fetch` hides some headers. `timeoutMs` is for one whole answer. */
export const createAsk =
  (timeoutMs: number): Ask =>
  (url, { method = 'GET', headers = {} } = {}) =>
    new Promise((resolve) => {
      const send = url.protocol === 'https:' ? overHttps : overHttp
      const request = send(url, { method, headers: { accept: '*/*', ...headers }, agent: false })
      const late = Object.assign(new Error('No complete answer came in time.'), { code: 'ETIMEDOUT' })
      const disarm = systemClock.setTimer(() => request.destroy(late), timeoutMs, 'foreground')
      const done = (result: Answer | NoAnswer) => {
        disarm()
        resolve(result)
      }
      const fail = (error: Error & { readonly code?: string }) => done({ failure: error.code ?? error.name })
      request.once('error', fail)
      request.once('response', (response) => {
        const { statusCode: status = 0, headers: came } = response
        const chunks: Buffer[] = []
        let bytes = 0
        const finish = () => {
          const body = Buffer.concat(chunks).toString('utf8')
          resolve({
            status,
            headers: came,
            cookies: came['set-cookie'] ?? [],
            body,
            json: jsonOf(came, body),
          })
          request.destroy()
        }
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          bytes += chunk.length
          if (bytes > MAX_BYTES) finish()
        })
        response.once('end', finish)
        response.once('error', fail)
      })
      request.end()
    })

function jsonOf(headers: IncomingHttpHeaders, body: string): Answer['json'] {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
