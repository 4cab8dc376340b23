import type { SessionEvent } from '../../machines/session.events.ts'
import { isRenewalRecent } from '../../machines/session.select.ts'
import type { RejectedReason } from '../../machines/session.types.ts'
import { orAborted } from '../base/orAborted.ts'
import type { Holding } from './holding.ts'
import type { Reading } from './reading.ts'
import type { BearerSource } from './sessionFetch.ts'
import { strategyOf } from './strategyOf.ts'
import type { Supply } from './supply.ts'

interface Surroundings {
  readonly holding: Holding
  readonly supply: Supply
  readonly reading: Reading
  send(event: SessionEvent): void
}

/** The parts of `session.fetch`: the source of bearers, and the receiver of the API's answers to them. */
export function bearerSource({ holding, supply, reading, send }: Surroundings): BearerSource {
  const { settings, vault, grant } = holding
  const now = () => holding.now()
  return {
    baseUrl: settings.baseUrl,
    origin: settings.origin,
    origins: settings.origins,
    fetch: settings.fetch ?? globalThis.fetch.bind(globalThis),
    send(target, init, bearer) {
      const { fetch } = this
      const owner = grant.owner()
      const strategy = owner && strategyOf(settings, owner)
      // Most strategies send an ordinary bearer.
      if (!strategy?.send) return fetch(target, init)
      // If a login comes before the strategy knows, it must not end because of the session before it.
      const position = vault.position()
      const end = (reason: RejectedReason) =>
        send({ type: 'refresh.rejected', ...position, reason, at: now() })
      return strategy.send({ target, init, bearer, keyId: owner?.keyId, fetch, end })
    },
    position: () => vault.position(),
    authorization: (bearer) => vault.authorization(bearer),
    fresh: supply.fresh,
    wait: (signal) => orAborted(supply.acquire(), signal),
    take: supply.take,
    replace: supply.replace,
    rejectedAgain(used) {
      // After the floor, the next call finds out.
      if (isRenewalRecent(reading.snapshot(), now())) send({ type: 'bearer.rejected', ...used, at: now() })
      holding.notify({ type: 'warning', code: 'rejectedAfterRefresh' })
    },
    accepted: (used) => send({ type: 'bearer.accepted', ...used, at: now() }),
    disputed: supply.disputed,
    stepUpRequired: () => holding.notify({ type: 'stepUpRequired' }),
  }
}
