import type { SessionFacts } from '../../machines/session.context.ts'
import { deadlinesOf, floorAfter, USELESS_LIFE_MS } from '../../machines/session.deadlines.ts'
import type { SessionEvent } from '../../machines/session.events.ts'
import type { Position } from '../../machines/session.types.ts'
import { type Shown, shownUser } from '../base/shownUser.ts'
import type { Owner } from './login.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import type { Send } from './port.ts'
import { isSamePosition } from './position.ts'
import { strategyOf } from './strategyOf.ts'
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

/** A session at one version. */
export interface Version {
  readonly at: Position
  readonly owner: Owner
  readonly tokens: Tokens
  readonly life: BearerLife
}

/** The facts of a session that was stored, in the form of the chart, where they differ from those of a login. */
export type StoredFacts = Partial<
  Pick<SessionFacts, 'bearer' | 'bearerVersion' | 'rejections' | 'doubt' | 'retryAt' | 'backoff'>
>

const NO_LIFE: BearerLife = { version: 0, lifeMs: 0, receivedAt: 0 }

/** The grant of a session: its user, and the life of its bearer. The tokens themselves are in the vault. */
export class Grant {
  readonly #of: Surroundings
  #owner: Owner | undefined
  #life = NO_LIFE
  #shown: Shown | undefined

  constructor(of: Surroundings) {
    this.#of = of
  }

  /** The user of the tokens; `undefined`: there is no session whose tokens are here, or may yet come. */
  owner(): Owner | undefined {
    return this.#owner
  }

  /** Whether `position` is the present version: its epoch is not over, and there is no newer version. */
  isCurrent(position: Position): boolean {
    return this.#owner !== undefined && isSamePosition(position, this.#of.vault.position())
  }

  /** Begins with a login, or with a stored session. */
  open(first: Version, stored?: StoredFacts): void {
    this.#owner = first.owner
    this.#life = first.life
    this.#of.vault.open(first.at, first.tokens)
    const facts = { ...this.#toFacts(first), ...stored }
    this.#of.send({ type: 'session.started', at: this.#of.now(), facts })
  }

  /** The tokens after a renewal: its own bearer if that is usable, else the present bearer. */
  best(tokens: Tokens, brought: BearerLife): Pick<Version, 'tokens' | 'life'> {
    const life = this.#life
    const isUsable = tokens.bearer && brought.lifeMs > USELESS_LIFE_MS && brought.version > life.version
    if (isUsable) return { tokens, life: brought }
    return { tokens: toTokens(this.#of.vault.tokens().bearer, tokens.refreshToken), life }
  }

  /** Moves on to a newer version. `answer` reports it to the chart. */
  renew(to: Version, answer: Send): void {
    if (!this.#of.vault.commit(to.at, to.tokens)) return
    this.#owner = to.owner
    this.#life = to.life
    answer({ type: 'session.renewed', at: this.#of.now(), facts: this.#toFacts(to) })
  }

  /** The epoch is over: every running attempt is too late from now on. Returns the grant. */
  close(): Pick<Version, 'owner' | 'tokens'> | undefined {
    const { vault } = this.#of
    const closed = this.#owner && { owner: this.#owner, tokens: vault.tokens() }
    this.#owner = undefined
    vault.empty()
    return closed
  }

  /** The facts for the chart. The store may have taken a while since the tokens arrived. */
  #toFacts({ at: { epoch, version }, owner, tokens, life }: Version): SessionFacts {
    const of = this.#of
    const { settings } = of
    const { kind, needsRefreshToken } = strategyOf(settings, owner)
    this.#shown = shownUser(settings.users, owner.user, this.#shown, () =>
      of.notify({ type: 'warning', code: 'userMisfit' }),
    )
    return {
      epoch,
      version,
      user: this.#shown.user,
      provider: owner.provider,
      ...(kind !== undefined && { kind }),
      bearer: tokens.bearer ? ('good' as const) : ('none' as const),
      refreshable: !needsRefreshToken || tokens.refreshToken !== undefined,
      startedAt: of.now() - (settings.clock.wall() - owner.startedAt),
      ...deadlinesOf(life.receivedAt, life.lifeMs, settings.leadTimeMs, settings.random()),
      ...(life.version < version && { bearerVersion: life.version, floorAt: floorAfter(of.now(), 0) }),
    }
  }
}
