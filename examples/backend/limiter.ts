import type { MiddlewareHandler } from 'hono'
import type { BackendEnv } from './context.ts'
import type { Knobs } from './knobs.ts'

export interface Limiter {
  readonly middleware: MiddlewareHandler<BackendEnv>
  reset(): void
}

/** One counter per client IP for all login and SSO routes together. */
export function createLimiter(knobs: Knobs, now: () => number): Limiter {
  const windows = new Map<string, { hits: number; endsAt: number }>()

  return {
    async middleware(c, next) {
      if (!knobs.limiter.enabled) return next()
      const { max, windowMs } = knobs.limiter
      const ip = c.env.incoming.socket.remoteAddress ?? 'unknown'
      let window = windows.get(ip)
      if (!window || window.endsAt <= now()) {
        window = { hits: 0, endsAt: now() + windowMs }
        windows.set(ip, window)
      }
      window.hits += 1

      const over = window.hits > max
      const headers: Record<string, string> = {
        'X-RateLimit-Limit': String(max),
        'X-RateLimit-Remaining': String(Math.max(0, max - window.hits)),
        'X-RateLimit-Reset': String(Math.ceil(window.endsAt / 1000)),
        ...(over && { 'Retry-After': String(Math.ceil((window.endsAt - now()) / 1000)) }),
      }
      for (const [name, value] of Object.entries(headers)) c.header(name, value)
      if (!over) return next()
      const minutes = windowMs / 60_000
      return c.json({ message: `Too many login attempts, please try again after ${minutes} minutes.` }, 429)
    },
    reset: () => windows.clear(),
  }
}
