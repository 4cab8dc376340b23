import type { ServerContext } from './context.ts'
import type { RequestInfo } from './options.ts'
import type { LoginRequest } from './serverLogin.ts'

/** A request as a login sees it. */
export function loginRequest({ settings }: ServerContext, request: Request, info: RequestInfo): LoginRequest {
  return { request, clientIp: settings.forwardClientIp(request, info) }
}
