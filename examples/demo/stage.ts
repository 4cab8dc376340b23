import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { accounts } from '../backend/accounts.ts'
import type { Backend } from '../backend/startBackend.ts'
import { createAdmin } from './admin.ts'
import type { Stage } from './scene.ts'
import type { Timeline } from './timeline.ts'
import { createWaits } from './waits.ts'

export const LIFE_MS = 6_000
const LEAD_MS = 2_500

/** Two admins in front of one backend. */
export function createStage(backend: Backend, timeline: Timeline, stop: AbortSignal): Stage {
  const { email, password } = accounts.localAdmin
  const ada = createAdmin(backend, timeline, {
    name: 'Ada',
    kind: 'local',
    api: '/api/admin/users',
    routes: ['/api/auth/refresh', '/api/auth/logout'],
    session: { strategies: { librechat: cookieStrategy() }, refresh: 'eager', leadTimeMs: LEAD_MS },
    logIn: () => backend.loginLocal(email, password),
  })
  const olga = createAdmin(backend, timeline, {
    name: 'Olga',
    kind: 'openid',
    api: '/api/admin/settings',
    routes: ['/api/admin/oauth/refresh'],
    session: { strategies: { openid: openidStrategy() }, refresh: 'onDemand', leadTimeMs: LEAD_MS },
    logIn: () => backend.loginOpenid('openidAdmin'),
  })
  return { backend, timeline, ada, olga, ...createWaits(stop) }
}
