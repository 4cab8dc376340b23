import type { SessionFacts } from '../../machines/session.context.ts'
import { deadlinesOf, floorAfter, USELESS_LIFE_MS } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { Backoff, Position } from '../../machines/session.types.ts'
import { shownUser } from '../base/shownUser.ts'
import type { SessionRecord } from '../stores/store.ts'
import type { Owner } from './login.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import { isSamePosition } from './position.ts'
import { toRecord } from './records.ts'
import { backoffAt } from './storedBackoff.ts'
import { doubtOf } from './storedDoubt.ts'
import { resendPolicyOf, strategyOf } from './strategyOf.ts'
import { type Tokens, toTokens, type Vault } from './vault.ts'

interface Surroundings {
  readonly settings: Settings
  readonly vault: Vault
  now(): number
  send(event: SessionEvent): void
  notify(notice: Notice): void
}

/** The life of the bearer in the vault. A renewal without a usable bearer leaves the bearer and its life as they are. */
export interface BearerLife {
  /** The version that brought the bearer. */
  readonly version: number
  /** How long the bearer lived when it was received; milliseconds. */
  readonly lifeMs: number
  /** On the session's timeline. */
  readonly receivedAt: number
}

/** The facts of a session in a store, besides its tokens. */
export interface StoredFacts extends Partial<Pick<SessionFacts, 'bearerVersion' | 'rejections'>> {
  /** The earlier sends of the refresh token, on the wall clock. */
  readonly row?: LedgerRow
  /** Attempts that failed, on the wall clock. */
  readonly waits?: Backoff
}

/** The grant of this session: its user, and the life of its bearer. The tokens themselves are in `vault`. */
export function createGrant({ settings, vault, now, send, notify }: Surroundings) {
  const { clock, random } = settings
  const show = shownUser(settings.users, () => notify({ type: 'warning', code: 'userMisfit' }))
  let owner: Owner | undefined
  let life: BearerLife = { version: 0, lifeMs: 0, receivedAt: 0 }

  /** The facts for the chart. The store may have taken a while since the tokens arrived. */
  function toFacts(
    { epoch, version }: Position,
    of: Owner,
    tokens: Tokens,
    bearer: BearerLife,
  ): SessionFacts {
    const isOlder = bearer.version < version
    const { kind, needsRefreshToken } = strategyOf(settings, of)
    return {
      epoch,
      version,
      user: show(of.user),
      provider: of.provider,
      ...(kind !== undefined && { kind }),
      bearer: tokens.bearer ? ('good' as const) : ('none' as const),
      refreshable: !needsRefreshToken || tokens.refreshToken !== undefined,
      startedAt: now() - (clock.wall() - of.startedAt),
      ...deadlinesOf(bearer.receivedAt, bearer.lifeMs, settings.leadTimeMs, random()),
      ...(isOlder && { bearerVersion: bearer.version, floorAt: floorAfter(now(), 0) }),
    }
  }

  return {
    /** The user of the tokens; `undefined`: there is no session whose tokens are here, or may yet come. */
    owner: () => owner,

    /** Whether `position` is the present version: its epoch is not over, and there is no newer version. */
    isCurrent: (position: Position) => owner !== undefined && isSamePosition(position, vault.position()),

    /** Begins with a login, or with a stored session. */
    open(
      at: Position,
      of: Owner,
      tokens: Tokens,
      lifeMs: number,
      receivedAt: number,
      { bearerVersion = at.version, row, waits, ...stored }: StoredFacts = {},
    ) {
      const instant = { at: now(), wall: clock.wall() }
      owner = of
      life = { version: bearerVersion, lifeMs, receivedAt }
      vault.open(at, tokens)
      const doubt = row && doubtOf(row, resendPolicyOf(settings, of), instant)
      const backoff = waits && backoffAt(waits, instant.wall, instant.at)
      const facts = { ...toFacts(at, of, tokens, life), ...stored, ...doubt, ...(backoff && { backoff }) }
      send({ type: 'session.started', at: now(), facts })
    },

    /** The tokens after a renewal: its own bearer if that is usable, else the present bearer. */
    best(tokens: Tokens, brought: BearerLife): { tokens: Tokens; life: BearerLife } {
      const isUsable = tokens.bearer && brought.lifeMs > USELESS_LIFE_MS && brought.version > life.version
      if (isUsable) return { tokens, life: brought }
      return { tokens: toTokens(vault.tokens().bearer, tokens.refreshToken), life }
    },

    /** Moves on to a newer version. `sendBack` reports it to the chart. */
    renew(at: Position, of: Owner, tokens: Tokens, best: BearerLife, sendBack = send) {
      if (!vault.commit(at, tokens)) return
      owner = of
      life = best
      sendBack({ type: 'session.renewed', at: now(), facts: toFacts(at, of, tokens, best) })
    },

    /** The record of a renewal. */
    toRecord(
      at: Position,
      of: Owner,
      tokens: Tokens,
      { version, lifeMs, receivedAt }: BearerLife,
      rejections: number,
    ): SessionRecord {
      return {
        ...toRecord(at, of, tokens, lifeMs, clock.wall(), now() - receivedAt),
        ...(version < at.version && { bearerVersion: version }),
        ...(rejections > 0 && { rejections }),
      }
    },

    /** The epoch is over: every running attempt is too late from now on. Returns the grant. */
    close() {
      const closed = owner && { owner, tokens: vault.tokens() }
      owner = undefined
      vault.empty()
      return closed
    },
  }
}

export type Grant = ReturnType<typeof createGrant>
