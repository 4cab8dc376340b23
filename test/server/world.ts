import { onTestFinished } from 'vitest'
import type { ServerNotice } from 'xstate-session/server'
import { type Backend, type BackendOptions, startBackend } from '../../examples/backend/startBackend.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { browser } from './browser.ts'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'

export const PANEL = 'https://admin.example'
export const SECRET = 'a secret that is long enough for a test of this'

/** The platform's clock, and how far somebody has moved it. */
export function movableClock() {
  const moved = { wallMs: 0, monotonicMs: 0 }
  const clock: Clock = {
    wall: () => systemClock.wall() + moved.wallMs,
    monotonic: () => systemClock.monotonic() + moved.monotonicMs,
    setTimer: systemClock.setTimer,
  }
  return Object.assign(clock, {
    /** Time passes. */
    pass(ms: number) {
      moved.wallMs += ms
      moved.monotonicMs += ms
    },
    /** Somebody sets the clock. */
    set(ms: number) {
      moved.wallMs += ms
    },
  })
}

/** The reference backend, and servers in front of it whose time passes together with its own. */
export async function world(options: Omit<BackendOptions, 'panelUrl'> = {}) {
  const backend: Backend = await startBackend({ panelUrl: PANEL, ...options })
  onTestFinished(() => backend.close())
  const clock = movableClock()

  function serve(more: Partial<LibrechatServerOptions> = {}) {
    const notices: ServerNotice[] = []
    const server = librechatServer({
      baseUrl: backend.url,
      publicUrl: PANEL,
      secrets: [SECRET],
      clock,
      observe: (notice) => notices.push(notice),
      ...more,
    })
    const open = () => browser((request) => server.handle(request), PANEL)
    return { server, notices, open, page: open() }
  }

  return {
    backend,
    clock,
    serve,
    /** For the backend and for its servers alike. */
    pass(ms: number) {
      clock.pass(ms)
      backend.knobs.clockOffsetMs += ms
    },
    /** How often the backend's API was asked, by status. */
    calls: (path: string, status?: number) =>
      backend.log.requests.filter((r) => r.path === path && (status === undefined || r.status === status))
        .length,
    sends: () => backend.log.presentations.length,
  }
}
