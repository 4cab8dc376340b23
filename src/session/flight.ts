import { deadlinesOf } from '../../machines/session.deadlines.ts'
import type { Position, SessionEvent } from '../../machines/session.types.ts'
import type { EndedElsewhere } from '../coordination/coordinator.ts'
import type { SessionRecord } from '../stores/store.ts'
import type { LifeHints, RefreshOutcome, SessionStrategy } from '../strategies/strategy.ts'
import { lifeOf } from './lifetime.ts'
import { isBearer, type Owner, readUser } from './login.ts'
import type { Happening } from './notice.ts'
import type { Settings } from './options.ts'
import { fromRecord, isTombstone, toRecord, toTokens } from './records.ts'
import { revoke } from './revoke.ts'
import type { Tokens, Vault } from './vault.ts'

export interface FlightDeck {
  readonly settings: Settings
  readonly vault: Vault
  now(): number
  send(event: SessionEvent): void
  tell(happening: Happening): void
}

interface Attempt {
  readonly position: Position
  readonly of: Owner
  /** On the session's timeline. */
  readonly sentAt: number
}

type Settled = RefreshOutcome | EndedElsewhere
type Ok = Extract<RefreshOutcome, { kind: 'ok' }>

/**
 * Spends refresh tokens for one session. A flight is detached from the state that asked for it and from every
 * caller: leaving, aborting or disposing does not stop it, because a token that was rotated must not be lost.
 */
export function createFlights({ settings, vault, now, send, tell }: FlightDeck) {
  const { clock, coordinator, store, random } = settings
  let owner: Owner | undefined
  let open: (Position & { readonly controller: AbortController }) | undefined

  /** Not where the epoch is over, or a newer version is already here. */
  const isCurrent = (position: Position) => owner !== undefined && isSame(position, vault.position())

  const strategyOf = (of: Owner) => settings.strategies[of.provider] as SessionStrategy

  const about = (of: Owner, tokens: Tokens) => ({ ...of, ...tokens, userId: of.user.id })

  const request = (of: Owner, tokens: Tokens, signal: AbortSignal) => ({
    ...about(of, tokens),
    baseUrl: settings.baseUrl,
    attemptId: crypto.randomUUID(),
    signal,
    ...(settings.fetch && { fetch: settings.fetch }),
  })

  /** One attempt for `position`. Whatever comes of it reaches the chart as one event. */
  function start(position: Position, mayResend: boolean) {
    if (!owner || !isCurrent(position)) return
    // One open request per version: an older one must not overlap a second send.
    if (open && isSame(open, position)) open.controller.abort()
    const of = owner
    const sentAt = now()
    const tokens = vault.tokens()
    const controller = new AbortController()
    open = { ...position, controller }
    let isConcluded = false
    const concludeOnce = (outcome: Settled) => {
      // After the deadline only what may carry a token counts: it is the only valid one, or has to be revoked.
      if (!isConcluded || outcome.kind === 'ok' || outcome.kind === 'ended') void conclude({ position, of, sentAt }, outcome)
      isConcluded = true
    }
    const disarm = clock.setTimer(
      () => {
        controller.abort()
        concludeOnce({ kind: 'unknown', cause: 'timeout', answered: false })
      },
      settings.attemptTimeoutMs,
      'foreground',
    )
    const attempt = request(of, tokens, controller.signal)
    const refresh = async () => {
      tell({ type: 'refreshSent', attemptId: attempt.attemptId })
      return strategyOf(of).refresh(attempt)
    }
    const flight = coordinator
      ? coordinator.run({ identity: attempt, origin: settings.origin, mayResend, send: refresh })
      : refresh()
    flight
      .catch((): Settled => ({ kind: 'unknown', cause: 'internal', answered: false }))
      .then((outcome) => {
        disarm()
        concludeOnce(outcome)
      })
  }

  async function conclude(attempt: Attempt, outcome: Settled): Promise<void> {
    const { position, of } = attempt
    const judged = outcome.kind === 'ok' ? judge(of, outcome) : outcome
    if (judged.kind === 'ok') return adopt(attempt, judged)
    if (judged.kind === 'ended') {
      const { late } = judged
      if (late?.kind === 'ok') void end(of, toTokens(late.bearer, late.refreshToken), 'late')
    } else if (await reread(position)) return // A peer holds the next version: this failure is of the past.
    if (isCurrent(position)) report(attempt, judged)
  }

  /** What an answer that looks good is worth to this session. */
  function judge(of: Owner, outcome: Ok): RefreshOutcome {
    warn(outcome)
    const user = readUser(outcome.user)
    const isForeign = user?.tenantId && of.tenantId && user.tenantId !== of.tenantId
    if (user && (user.id !== of.user.id || isForeign))
      return { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' }
    if (!vault.isStale(outcome)) return user ? { ...outcome, user } : outcome
    return { kind: 'unknown', cause: 'stale', answered: true, warnings: ['stale'] }
  }

  async function adopt({ position, of }: Attempt, outcome: Ok): Promise<void> {
    const bearer = isBearer(outcome.bearer) ? outcome.bearer : undefined
    if (bearer !== outcome.bearer) tell({ type: 'warning', code: 'tokenFormat' })
    // RFC 6749 section 6: without a new refresh token the one sent stays valid.
    const tokens = toTokens(bearer, outcome.refreshToken || vault.tokens().refreshToken)
    const lifeMs = bearer ? life(bearer, outcome.life ?? {}, true, outcome.ageMs) : 0
    const renewed = outcome.user ? { ...of, user: outcome.user } : of
    const next = { epoch: position.epoch, version: position.version + 1 }
    if (isCurrent(position)) await persist(position, toRecord(next, renewed, tokens, lifeMs, clock.wall()))
    if (!isCurrent(position)) {
      // Inside a live epoch a peer renewed the same family: to revoke a token of it would end the session.
      const isAlive = owner !== undefined && vault.position().epoch === position.epoch
      if (!isAlive && outcome.ageMs === undefined)
        void end(of, toTokens(bearer, outcome.refreshToken), 'late')
      return
    }
    commit(next, renewed, tokens, lifeMs, !outcome.final)
    if (JSON.stringify(renewed.user) !== JSON.stringify(of.user)) tell({ type: 'changed', what: 'profile' })
  }

  function commit(at: Position, of: Owner, tokens: Tokens, lifeMs: number, mayRefresh: boolean) {
    if (!vault.commit(at, tokens)) return
    owner = of
    send({ type: 'session.renewed', at: now(), facts: toFacts(at, of, tokens, lifeMs, mayRefresh) })
  }

  /** Commits before anybody is told. If a peer was first, its version or its end is taken instead. */
  async function persist(position: Position, record: SessionRecord): Promise<void> {
    if (!store) return
    try {
      if (await store.compareAndSet(position, record)) return
      if (!isCurrent(position) || (await reread(position))) return
    } catch {
      // Told below: what we hold in memory is the newest there is.
    }
    tell({ type: 'warning', code: 'persistFailed' })
  }

  /** Takes a newer version, or the end, from the store. Answers whether there was one. */
  async function reread(position: Position): Promise<boolean> {
    const stored = await store?.read().catch(() => null)
    if (!stored || !isCurrent(position) || stored.epoch < position.epoch) return false
    if (stored.epoch > position.epoch || isTombstone(stored)) {
      send({ type: 'session.ended', at: now(), reason: 'elsewhere' })
      return true
    }
    if (stored.version <= position.version) return false
    const { at, owner: of, tokens, lifeMs } = fromRecord(stored, clock.wall())
    commit(at, of, tokens, lifeMs, true)
    return true
  }

  function report(attempt: Attempt, outcome: Exclude<Settled, Ok>): void {
    warn(outcome)
    if ('cause' in outcome) tell({ type: 'refreshDeferred', outcome: outcome.kind, cause: outcome.cause })
    send({ ...toEvent(attempt, outcome), ...attempt.position, at: now() } as SessionEvent)
  }

  function toEvent({ of, sentAt }: Attempt, outcome: Exclude<Settled, Ok>) {
    const roll = random()
    // Whoever was told to wait must not come back at the same instant.
    const wait = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) * (1 + roll / 10) : 0
    const notBefore = wait > 0 ? now() + wait : 0
    switch (outcome.kind) {
      case 'ended':
        return { type: 'session.ended', reason: 'elsewhere' } as const
      case 'rejected':
        if (outcome.security) tell({ type: 'security', code: outcome.security })
        return { type: 'refresh.rejected', reason: outcome.reason } as const
      case 'unsupported':
        if (outcome.forGood) vault.dropRefreshToken()
        tell({ type: 'refreshDeferred', outcome: 'unsupported', cause: 'unsupported' })
        return { type: 'refresh.unsupported', forGood: outcome.forGood } as const
      case 'refused':
        return {
          type: 'refresh.refused',
          roll,
          notBefore,
          misconfigured: outcome.cause === 'misconfigured',
        } as const
      case 'unknown': {
        const resend = outcome.consumed ? 'never' : (strategyOf(of).resend ?? 'afterBearerEnds')
        return {
          type: 'refresh.unknown',
          sentAt,
          roll,
          notBefore,
          resend,
          answered: outcome.answered,
        } as const
      }
    }
  }

  function warn(outcome: Settled) {
    if ('warnings' in outcome) for (const code of outcome.warnings ?? []) tell({ type: 'warning', code })
  }

  /** Ends tokens at the backend. */
  async function end(of: Owner, tokens: Tokens, cause: 'logout' | 'late'): Promise<void> {
    const toRequest = (signal: AbortSignal) => ({ ...request(of, tokens, signal), cause })
    if (!(await revoke(strategyOf(of), toRequest, clock, settings.attemptTimeoutMs)))
      tell({ type: 'warning', code: 'notRevoked' })
  }

  /** What a bearer that arrived `ageMs` ago has left. */
  const life = (bearer: string, hints: LifeHints, mintedNow: boolean, ageMs = 0) =>
    lifeOf(bearer, hints, clock.wall() - ageMs, mintedNow, settings, (code) =>
      tell({ type: 'warning', code }),
    ) - ageMs

  function toFacts(
    { epoch, version }: Position,
    of: Owner,
    tokens: Tokens,
    lifeMs: number,
    mayRefresh: boolean,
  ) {
    const at = now()
    return {
      epoch,
      version,
      user: of.user,
      provider: of.provider,
      bearer: tokens.bearer ? ('good' as const) : ('none' as const),
      refreshable: mayRefresh && (!strategyOf(of).needsRefreshToken || tokens.refreshToken !== undefined),
      startedAt: at - (clock.wall() - of.startedAt),
      ...deadlinesOf(at, lifeMs, settings.leadTimeMs, random()),
    }
  }

  return {
    start,
    reread,
    end,
    life,
    /** A login, or a session found in the store. */
    open(at: Position, of: Owner, tokens: Tokens, lifeMs: number) {
      owner = of
      vault.open(at, tokens)
      send({ type: 'session.started', at: now(), facts: toFacts(at, of, tokens, lifeMs, true) })
    },
    /**
     * The epoch is over: every flight in the air is too late from now on. Answers what was held.
     * `everywhere`: its copies in this process end too.
     */
    close(everywhere: boolean) {
      const closed = owner && { owner, tokens: vault.tokens() }
      owner = undefined
      vault.empty()
      if (closed && everywhere) coordinator?.end(about(closed.owner, closed.tokens))
      return closed
    },
  }
}

const isSame = (a: Position, b: Position) => a.epoch === b.epoch && a.version === b.version
