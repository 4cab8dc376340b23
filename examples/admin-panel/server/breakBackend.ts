import type { AccountName } from '../../backend/accounts.ts'
import type { Backend } from '../../backend/startBackend.ts'
import type { Breakable, ControlState } from './controlRoom.ts'

/** Long enough to fire calls into it. */
const RESTART_MS = 15_000
const ADMINS: readonly AccountName[] = ['localAdmin', 'openidAdmin']

/** What of the reference backend can be broken. */
export function breakBackend(backend: Backend): Breakable {
  const { operator, faults, gateway, log } = backend
  let provider: ControlState['provider'] = 'up'
  let revoked = false

  const state = (): ControlState => ({
    provider,
    backend: gateway.mode === 'open' ? 'up' : 'restarting',
    revoked,
    requests: log.requests.length,
    refreshes: log.presentations.length,
    mostPresented: Math.max(0, ...[...log.presentationsPerToken().values()].map((those) => those.length)),
    replays: log.replays().length,
  })

  const doings: Readonly<Record<string, () => void>> = {
    expire: () => operator.invalidateBearers(),
    providerDown() {
      provider = 'down'
      operator.setProviderConnection('down')
      faults.inject('cookieRefresh', { kind: 'respond', status: 503 }, { times: Infinity })
    },
    providerUp() {
      provider = 'up'
      operator.setProviderConnection('up')
      faults.clear('cookieRefresh')
    },
    /** As a deploy does: the gateway in front of it answers 502 meanwhile. */
    restart: () => void gateway.restart(RESTART_MS),
    /** The next refresh is processed, and its answer never arrives. */
    loseAnswer() {
      faults.inject('openidRefresh', { kind: 'reset', at: 'after' })
      faults.inject('cookieRefresh', { kind: 'reset', at: 'after' })
    },
    revoke() {
      revoked = true
      for (const admin of ADMINS) operator.revokeAdmin(admin)
    },
    grant() {
      revoked = false
      for (const admin of ADMINS) operator.grantAdmin(admin)
    },
  }

  return { state, doings }
}
