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

/** What a store knows of a session beside its tokens. */
export interface StoredFacts extends Partial<Pick<SessionFacts, 'bearerVersion' | 'rejections'>> {
  /** What is known of earlier sends of the refresh token, on the wall clock. */
  readonly row?: LedgerRow
  /** Attempts that did not succeed, on the wall clock. */
  readonly waits?: Backoff
}

/** What this session holds: whose tokens they are, and how long the bearer among them lives. The tokens are in `vault`. */
export function createGrant({ settings, vault, now, send, notify }: Surroundings) {
  const { clock, random } = settings
  const show = shownUser(settings.users, () => notify({ type: 'warning', code: 'userMisfit' }))
  let owner: Owner | undefined
  let life: BearerLife = { version: 0, lifeMs: 0, receivedAt: 0 }

  /** The facts that the chart is told. To store the tokens may have taken a while since they were received. */
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
    /** Whose tokens are here; `undefined`: there is no session whose tokens are here, or may yet come. */
    owner: () => owner,

    /** Whether `position` is the version at hand: its epoch is not over, and no newer version is here. */
    isCurrent: (position: Position) => owner !== undefined && isSamePosition(position, vault.position()),

    /** Begins with a login, or with a session that was stored. */
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

    /** What a renewal leaves: its own bearer where that is usable, else the bearer at hand. */
    best(tokens: Tokens, brought: BearerLife): { tokens: Tokens; life: BearerLife } {
      const isUsable = tokens.bearer && brought.lifeMs > USELESS_LIFE_MS && brought.version > life.version
      if (isUsable) return { tokens, life: brought }
      return { tokens: toTokens(vault.tokens().bearer, tokens.refreshToken), life }
    },

    /** Goes on to a newer version. `sendBack`: how the chart hears of that. */
    renew(at: Position, of: Owner, tokens: Tokens, best: BearerLife, sendBack = send) {
      if (!vault.commit(at, tokens)) return
      owner = of
      life = best
      sendBack({ type: 'session.renewed', at: now(), facts: toFacts(at, of, tokens, best) })
    },

    /** What is stored of a renewal. */
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

    /** The epoch is over: every flight in the air is too late from now on. Returns what was held. */
    close() {
      const closed = owner && { owner, tokens: vault.tokens() }
      owner = undefined
      vault.empty()
      return closed
    },
  }
}

export type Grant = ReturnType<typeof createGrant>
