import type { HttpHandler } from 'msw'
import type { DrivenBackend } from '../testing/sessionDriver.ts'
import { createMockBackend } from './createMockBackend.ts'
import type { MockBackendOptions } from './mockBackend.ts'

/** A mock backend that `sessionDriver` controls, with its handlers. */
export interface DrivenMockBackend extends DrivenBackend {
  /** For `setupServer` or `setupWorker`. */
  readonly handlers: readonly HttpHandler[]
}

/**
 * The mock backend for `sessionDriver` of `xstate-session/testing`.
 *
 * @example
 * const backend = drivenMockBackend()
 * setupServer(...backend.handlers).listen()
 * const driver = sessionDriver({ backend })
 */
export function drivenMockBackend(options: Omit<MockBackendOptions, 'now'> = {}): DrivenMockBackend {
  let now = () => 0
  const backend = createMockBackend({ ...options, now: () => now() })
  return {
    handlers: backend.handlers,
    baseUrl: options.baseUrl ?? 'https://backend.example',
    apiPath: '/api/admin/users',
    start(clock) {
      backend.reset()
      now = clock.wall
    },
    login: () => backend.issueLogin({ provider: 'openid' }),
    setBearerLife(ms) {
      backend.settings.bearerLifeMs = ms
    },
    failRefresh: (response) => backend.failNext('openidRefresh', { response }),
    expireBearers: backend.expireBearers,
  }
}
