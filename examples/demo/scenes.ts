import type { Scene } from './scene.ts'
import { coalescing } from './scenes/coalescing.ts'
import { login } from './scenes/login.ts'
import { logout } from './scenes/logout.ts'
import { outage } from './scenes/outage.ts'
import { recovered } from './scenes/recovered.ts'
import { restart } from './scenes/restart.ts'
import { revoked } from './scenes/revoked.ts'
import { rotation } from './scenes/rotation.ts'

/** In the order of the tour. */
export const scenes: readonly Scene[] = [
  login,
  recovered,
  coalescing,
  rotation,
  outage,
  restart,
  revoked,
  logout,
]
