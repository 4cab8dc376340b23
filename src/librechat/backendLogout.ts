import type { RevokeRequest } from '../session/strategy.ts'
import { logoutAtBackend } from './logout.ts'

/**
 * The value of the option `backendLogout` of `openidStrategy`: calls the backend's logout when a session ends. It names
 * the session by its bearer alone.
 *
 * @example
 * const strategies = { openid: openidStrategy({ backendLogout }) }
 */
export const backendLogout = async ({ baseUrl, bearer, signal, fetch }: RevokeRequest): Promise<boolean> =>
  bearer ? logoutAtBackend({ baseUrl, bearer, signal, fetch }) : false
