import { HttpResponse, type HttpResponseResolver } from 'msw'
import type { Credentials, MockSettings } from './credentials.ts'
import type { MockUser } from './users.ts'

export type RequestInfo = Parameters<HttpResponseResolver>[0]
export type Answer = (info: RequestInfo) => Response | Promise<Response>

/** The common state of the routes. */
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

/** The user of the bearer, or a 401 that says why there is no user. */
export function authenticate({ users, credentials }: Context, request: Request): MockUser | Response {
  const [, token] = request.headers.get('authorization')?.match(/^Bearer (\S+)$/i) ?? []
  if (!token) return unauthorized('No auth token')
  const read = credentials.readBearer(token)
  if (typeof read === 'string') return unauthorized(read)
  return users.find(({ id }) => id === read.userId) ?? unauthorized('Unauthorized')
}

/** Like `authenticate`, but a user who may not use the admin API gets a 403. */
export function authorize(context: Context, request: Request): MockUser | Response {
  const user = authenticate(context, request)
  return user instanceof Response || user.admin
    ? user
    : HttpResponse.json({ message: 'Forbidden' }, { status: 403 })
}

const unauthorized = (message: string) => HttpResponse.json({ message }, { status: 401 })
