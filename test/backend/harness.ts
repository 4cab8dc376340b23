import { onTestFinished } from 'vitest'
import { type Backend, type BackendOptions, startBackend } from '../../examples/backend/startBackend.ts'

export interface TestBackend extends Backend {
  /** Moves the backend's clock forward. */
  advance(ms: number): void
}

/** A backend of the test's own, with a clock that stands still until it is moved. */
export async function testBackend(knobs: BackendOptions['knobs'] = {}): Promise<TestBackend> {
  let time = Date.UTC(2027, 0, 15, 12, 0, 0, 250)
  const backend = await startBackend({ knobs, now: () => time })
  onTestFinished(() => backend.close())
  return Object.assign(backend, {
    advance(ms: number) {
      time += ms
    },
  })
}

type Init = Omit<RequestInit, 'headers' | 'body'> & {
  headers?: Record<string, string>
  json?: unknown
  body?: string
}

/** `fetch` that follows nothing and sends `json` as JSON. */
export function send(url: string, { json, headers, ...init }: Init = {}): Promise<Response> {
  return fetch(url, {
    method: json === undefined ? 'GET' : 'POST',
    redirect: 'manual',
    ...(json !== undefined && { body: JSON.stringify(json) }),
    ...init,
    headers: { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers },
  })
}

export const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` })

/** Status and JSON body together: what the tables of the contract are about. */
export async function statusAndBody(answer: Response | Promise<Response>): Promise<[number, unknown]> {
  const response = await answer
  return [response.status, await response.json()]
}

export async function statusAndText(
  answer: Response | Promise<Response>,
): Promise<[number, string | null, string]> {
  const response = await answer
  return [response.status, response.headers.get('content-type'), await response.text()]
}

export const cookieRefresh = (backend: Backend, cookie?: string, query = ''): Promise<Response> =>
  send(`${backend.url}/api/auth/refresh${query}`, {
    method: 'POST',
    ...(cookie && { headers: { Cookie: cookie } }),
  })

export const openidRefresh = (
  backend: Backend,
  json: unknown,
  headers: Record<string, string> = {},
): Promise<Response> => send(`${backend.url}/api/admin/oauth/refresh`, { json, headers })

/** The value, which the test relies on. */
export function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('expected a value')
  return value
}

/** Where a redirect leads to. */
export const locationOf = (response: Response): string => present(response.headers.get('location'))

/** The value of a cookie that an answer sets. */
export function setCookieValue(response: Response, name: string): string | undefined {
  const line = response.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`))
  return line?.slice(name.length + 1, line.indexOf(';'))
}

export const localCookie = (token: string): string => `refreshToken=${token}; token_provider=librechat`

export const password = 'demo-password'
