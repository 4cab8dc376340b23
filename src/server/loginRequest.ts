import type { ServerContext } from './context.ts'
import type { RequestInfo } from './options.ts'
import type { LoginRequest } from './serverLogin.ts'

/** A request in the form that a login gets. */
export function loginRequest({ settings }: ServerContext, request: Request, info: RequestInfo): LoginRequest {
  return { request, clientIp: settings.forwardClientIp(request, info) }
}
