import type { MiddlewareHandler } from 'hono'
import type { BackendEnv } from './context.ts'

/**
 * The tenant a header stands for. Anything unusable is no tenant at all, never an error: the check fails open.
 * Duplicate headers arrive joined by a comma, which makes them unusable.
 */
export function parseTenant(header: string | undefined): string | undefined {
  const tenant = header?.trim()
  if (!tenant || tenant === '__SYSTEM__') return undefined
  return /^[A-Za-z0-9_.-]{1,128}$/.test(tenant) ? tenant : undefined
}

/** Takes the tenant from the header, on routes where nobody is authenticated yet. */
export const preAuthTenant: MiddlewareHandler<BackendEnv> = async (c, next) => {
  c.set('tenant', parseTenant(c.req.header('x-tenant-id')))
  await next()
}
