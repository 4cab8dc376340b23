import { HttpResponse, type HttpResponseResolver } from 'msw'
import type { Credentials, MockSettings } from './credentials.ts'
import type { MockUser } from './users.ts'

export type RequestInfo = Parameters<HttpResponseResolver>[0]
export type Answer = (info: RequestInfo) => Response | Promise<Response>

/** What the routes share. */
export interface Context {
  readonly users: readonly MockUser[]
  readonly settings: Readonly<MockSettings>
  readonly credentials: Credentials
  readonly now: () => number
}

/** The body of a request, if it is a JSON object. */
export async function fieldsOf(request: Request): Promise<Record<string, unknown>> {
  const body: unknown = await request
    .clone()
    .json()
    .catch(() => undefined)
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** The user of the bearer, or the 401 that says why there is none. */
export function authenticate({ users, credentials }: Context, request: Request): MockUser | Response {
  const [, token] = request.headers.get('authorization')?.match(/^Bearer (\S+)$/i) ?? []
  if (!token) return unauthorized('No auth token')
  const read = credentials.readBearer(token)
  if (typeof read === 'string') return unauthorized(read)
  return users.find(({ id }) => id === read.userId) ?? unauthorized('Unauthorized')
}

/** As `authenticate`, and 403 for who may not use the admin API. */
export function authorize(context: Context, request: Request): MockUser | Response {
  const user = authenticate(context, request)
  return user instanceof Response || user.admin
    ? user
    : HttpResponse.json({ message: 'Forbidden' }, { status: 403 })
}

const unauthorized = (message: string) => HttpResponse.json({ message }, { status: 401 })
