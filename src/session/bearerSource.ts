import type { SessionEvent } from '../../machines/session.events.ts'
import { isRenewalRecent } from '../../machines/session.select.ts'
import type { RejectedReason } from '../../machines/session.types.ts'
import { orAborted } from '../base/orAborted.ts'
import type { Flights } from './flights.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import type { Reading } from './reading.ts'
import type { BearerSource } from './sessionFetch.ts'
import { strategyOf } from './strategyOf.ts'
import type { Supply } from './supply.ts'
import type { Vault } from './vault.ts'

interface Surroundings {
  readonly settings: Settings
  readonly vault: Vault
  readonly supply: Supply
  readonly reading: Reading
  readonly flights: Flights
  now(): number
  send(event: SessionEvent): void
  notify(notice: Notice): void
}

/** The parts of `session.fetch`: the source of bearers, and the receiver of the API's answers to them. */
export const bearerSource = ({
  settings,
  vault,
  supply,
  reading,
  flights,
  now,
  send,
  notify,
}: Surroundings): BearerSource => ({
  baseUrl: settings.baseUrl,
  origin: settings.origin,
  origins: settings.origins,
  fetch: settings.fetch ?? globalThis.fetch.bind(globalThis),
  send(target, init, bearer) {
    const { fetch } = this
    const owner = flights.owner()
    const strategy = owner && strategyOf(settings, owner)
    // Most strategies send an ordinary bearer.
    if (!strategy?.send) return fetch(target, init)
    // If a login comes before the strategy knows, it must not end because of the session before it.
    const position = vault.position()
    const end = (reason: RejectedReason) => send({ type: 'refresh.rejected', ...position, reason, at: now() })
    return strategy.send({ target, init, bearer, keyId: owner?.keyId, fetch, end })
  },
  position: vault.position,
  authorization: vault.authorization,
  fresh: supply.fresh,
  wait: (signal) => orAborted(supply.acquire(), signal),
  take: supply.take,
  replace: supply.replace,
  rejectedAgain(used) {
    // After the floor, the next call finds out.
    if (isRenewalRecent(reading.snapshot(), now())) send({ type: 'bearer.rejected', ...used, at: now() })
    notify({ type: 'warning', code: 'rejectedAfterRefresh' })
  },
  accepted: (used) => send({ type: 'bearer.accepted', ...used, at: now() }),
  disputed: supply.disputed,
  stepUpRequired: () => notify({ type: 'stepUpRequired' }),
})
