import type { SessionEvent } from '../../machines/session.events.ts'
import { isRenewalRecent } from '../../machines/session.select.ts'
import type { Position, RejectedReason } from '../../machines/session.types.ts'
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
export const bearersOf = (of: Surroundings): BearerSource => new SessionBearers(of)

class SessionBearers implements BearerSource {
  readonly baseUrl: string
  readonly origin: string
  readonly origins: ReadonlySet<string>
  readonly fetch: typeof globalThis.fetch
  readonly #of: Surroundings

  constructor(of: Surroundings) {
    const { settings } = of.holding
    this.#of = of
    this.baseUrl = settings.baseUrl
    this.origin = settings.origin
    this.origins = settings.origins
    this.fetch = settings.fetch ?? globalThis.fetch.bind(globalThis)
  }

  send(target: string | Request, init: RequestInit, bearer: string): Promise<Response> {
    const { fetch } = this
    const { holding } = this.#of
    const owner = holding.grant.owner()
    const strategy = owner && strategyOf(holding.settings, owner)
    // Most strategies send an ordinary bearer.
    if (!strategy?.send) return fetch(target, init)
    // If a login comes before the strategy knows, it must not end because of the session before it.
    const position = this.position()
    const end = (reason: RejectedReason) =>
      this.#of.send({ type: 'refresh.rejected', ...position, reason, at: holding.now() })
    return strategy.send({ target, init, bearer, keyId: owner?.keyId, fetch, end })
  }

  position(): Position {
    return this.#of.holding.vault.position()
  }

  authorization(bearer: string): string {
    return this.#of.holding.vault.authorization(bearer)
  }

  fresh(): string | undefined {
    return this.#of.supply.fresh()
  }

  wait(signal: AbortSignal | null | undefined): Promise<unknown> {
    return orAborted(this.#of.supply.acquire(), signal)
  }

  take(epoch: number): string {
    return this.#of.supply.take(epoch)
  }

  replace(used: Position, bearer: string, signal: AbortSignal | null | undefined) {
    return this.#of.supply.replace(used, bearer, signal)
  }

  rejectedAgain(used: Position): void {
    const of = this.#of
    const at = of.holding.now()
    // After the floor, the next call finds out.
    if (isRenewalRecent(of.reading.snapshot(), at)) of.send({ type: 'bearer.rejected', ...used, at })
    of.holding.notify({ type: 'warning', code: 'rejectedAfterRefresh' })
  }

  accepted(used: Position): void {
    this.#of.send({ type: 'bearer.accepted', ...used, at: this.#of.holding.now() })
  }

  disputed(): string | undefined {
    return this.#of.supply.disputed()
  }

  stepUpRequired(): void {
    this.#of.holding.notify({ type: 'stepUpRequired' })
  }
}
