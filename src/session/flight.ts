import { deadlinesOf } from '../../machines/session.deadlines.ts'
import type { Position, SessionEvent, SessionFacts, SessionUser } from '../../machines/session.types.ts'
import type { EndedElsewhere } from '../coordination/coordinator.ts'
import type { SessionRecord, StoredSession } from '../stores/store.ts'
import type { LifeHints, RefreshOutcome, RefreshRequest, SessionStrategy } from '../strategies/strategy.ts'
import { lifeOf } from './lifetime.ts'
import { isBearer } from './login.ts'
import type { Happening } from './notice.ts'
import type { Settings } from './options.ts'
import type { Tokens, Vault } from './vault.ts'

/** Whom the tokens in the vault belong to. */
export interface Owner {
  readonly provider: string
  readonly user: SessionUser
  readonly tenantId?: string
  readonly sessionId?: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAt: number
}

export interface FlightDeck {
  readonly settings: Settings
  readonly vault: Vault
  now(): number
  send(event: SessionEvent): void
  tell(happening: Happening): void
}

type Settled = RefreshOutcome | EndedElsewhere
type Ok = Extract<RefreshOutcome, { kind: 'ok' }>

const REVOKE_TRIES = 3
const REVOKE_PAUSE_MS = 2_000

/**
 * Spends refresh tokens for one session. A flight is detached from the state that asked for it and from every
 * caller: leaving, aborting or disposing does not stop it, because a token that was rotated must not be lost.
 */
export function createFlights({ settings, vault, now, send, tell }: FlightDeck) {
  const { clock, coordinator, store, random } = settings
  let owner: Owner | undefined
  let current: AbortController | undefined

  /** `undefined` where the epoch of `position` is over, or a newer version is already here. */
  const isCurrent = (position: Position) => {
    const at = vault.position()
    return owner !== undefined && at.epoch === position.epoch && at.version === position.version
  }

  const strategyOf = (of: Owner) => settings.strategies[of.provider] as SessionStrategy

  function request(of: Owner, { refreshToken }: Tokens, signal: AbortSignal): RefreshRequest {
    return {
      baseUrl: settings.baseUrl,
      userId: of.user.id,
      attemptId: crypto.randomUUID(),
      signal,
      ...(refreshToken !== undefined && { refreshToken }),
      ...(of.tenantId !== undefined && { tenantId: of.tenantId }),
      ...(settings.fetch && { fetch: settings.fetch }),
    }
  }

  const identity = (of: Owner, { refreshToken }: Tokens) => ({
    provider: of.provider,
    userId: of.user.id,
    ...(of.tenantId !== undefined && { tenantId: of.tenantId }),
    ...(of.sessionId !== undefined && { sessionId: of.sessionId }),
    ...(refreshToken !== undefined && { refreshToken }),
  })

  /** One attempt for `position`. Whatever comes of it reaches the chart as one event. */
  function start(position: Position, mayResend: boolean) {
    // There is one open request per version: an older one must not overlap a second send.
    current?.abort()
    if (!owner || !isCurrent(position)) return
    const of = owner
    const tokens = vault.tokens()
    const controller = new AbortController()
    current = controller
    let isTold = false
    const tellOnce = (outcome: Settled) => {
      // After the deadline only good news counts: a late answer may carry the only valid token.
      if (isTold && outcome.kind !== 'ok') return
      isTold = true
      void conclude(position, of, outcome)
    }
    const disarm = clock.setTimer(
      () => {
        controller.abort()
        tellOnce({ kind: 'unknown', cause: 'timeout', answered: false })
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
      ? coordinator.run({
          identity: identity(of, tokens),
          origin: settings.origin,
          mayResend,
          send: refresh,
        })
      : refresh()
    flight
      .catch(
        (): Settled => ({
          kind: 'unknown',
          cause: 'internal',
          answered: false,
        }),
      )
      .then((outcome) => {
        disarm()
        tellOnce(outcome)
      })
  }

  async function conclude(position: Position, of: Owner, outcome: Settled): Promise<void> {
    const judged = outcome.kind === 'ok' ? judge(of, outcome) : outcome
    if (judged.kind === 'ok') return adopt(position, of, judged)
    // A peer may already hold the next version: then this failure is about a token of the past.
    if (store && judged.kind !== 'ended' && (await reread(position))) return
    report(position, judged)
  }

  /** What an answer that looks good is worth to this session. */
  function judge(of: Owner, outcome: Ok): Settled {
    for (const code of outcome.warnings ?? []) tell({ type: 'warning', code })
    const { user } = outcome
    if (user && (user.id !== of.user.id || (of.tenantId && user.tenantId && user.tenantId !== of.tenantId)))
      return {
        kind: 'rejected',
        reason: 'identityMismatch',
        security: 'identityMismatch',
      }
    if (vault.isStale(outcome)) {
      tell({ type: 'warning', code: 'stale' })
      return { kind: 'unknown', cause: 'stale', answered: true }
    }
    return outcome
  }

  async function adopt(position: Position, of: Owner, outcome: Ok): Promise<void> {
    const before = vault.tokens()
    const next = { epoch: position.epoch, version: position.version + 1 }
    const bearer = isBearer(outcome.bearer) ? outcome.bearer : undefined
    if (outcome.bearer !== undefined && bearer === undefined) tell({ type: 'warning', code: 'tokenFormat' })
    // RFC 6749 section 6: without a new refresh token the one sent stays valid.
    const refreshToken = outcome.refreshToken || before.refreshToken
    const tokens: Tokens = {
      ...(bearer && { bearer }),
      ...(refreshToken && { refreshToken }),
    }
    if (!isCurrent(position)) return tooLate(position, of, tokens, outcome)
    const renewed: Owner = outcome.user ? { ...of, user: outcome.user } : of
    const lifeMs = bearer ? life(bearer, outcome.life ?? {}, true) - (outcome.ageMs ?? 0) : 0
    const record = toRecord(next, renewed, tokens, lifeMs)
    if (store && !(await persist(position, record))) return
    if (!isCurrent(position)) return tooLate(position, of, tokens, outcome)
    const isProfile = outcome.user && JSON.stringify(outcome.user) !== JSON.stringify(of.user)
    commit(next, renewed, tokens, lifeMs, outcome.final !== true)
    if (isProfile) tell({ type: 'changed', what: 'profile' })
  }

  function commit(at: Position, of: Owner, tokens: Tokens, lifeMs: number, mayRefresh: boolean) {
    if (!vault.commit(at, tokens)) return
    owner = of
    const facts = toFacts(at, of, tokens, lifeMs, mayRefresh)
    send({ type: 'session.renewed', at: now(), facts })
  }

  /** Commits before anybody is told. `false`: a peer was first, and its version was taken. */
  async function persist(position: Position, record: SessionRecord): Promise<boolean> {
    try {
      if (await store?.compareAndSet(position, record)) return true
      if (await reread(position)) return false
    } catch {
      // Told below: what we hold in memory is the newest there is.
    }
    tell({ type: 'warning', code: 'persistFailed' })
    return true
  }

  /** Takes a newer version, or the end, from the store. Answers whether there was one. */
  async function reread(position: Position): Promise<boolean> {
    const stored = await store?.read().catch(() => null)
    if (!stored || !isCurrent(position) || stored.epoch < position.epoch) return false
    if (stored.epoch > position.epoch || isTombstone(stored)) {
      end('elsewhere')
      return true
    }
    if (stored.version <= position.version) return false
    commit(stored, toOwner(stored), toTokens(stored), remaining(stored), true)
    return true
  }

  function end(reason: 'elsewhere') {
    send({ type: 'session.ended', at: now(), reason })
  }

  /** The session ended or changed while the answer was on its way: nothing of it is adopted. */
  function tooLate(position: Position, of: Owner, tokens: Tokens, outcome: Ok) {
    const isAlive = owner !== undefined && vault.position().epoch === position.epoch
    // Inside a live epoch the tokens belong to the family that a peer renewed: revoking them would end it.
    if (!isAlive && outcome.ageMs === undefined) void revoke(of, tokens, 'late')
  }

  function report(position: Position, outcome: Exclude<Settled, { kind: 'ok' }>): void {
    const { kind } = outcome
    if (!isCurrent(position)) return
    if (kind === 'ended') {
      end('elsewhere')
      return
    }
    const at = now()
    const flight = { ...position, at }
    const held = 'retryAfterMs' in outcome && outcome.retryAfterMs !== undefined
    const notBefore = held ? { notBefore: at + (outcome.retryAfterMs ?? 0) * (1 + random() / 10) } : {}
    if (kind === 'refused') {
      tell({ type: 'refreshDeferred', outcome: kind, cause: outcome.cause })
      const misconfigured = outcome.cause === 'misconfigured'
      send({
        type: 'refresh.refused',
        ...flight,
        ...notBefore,
        roll: random(),
        misconfigured,
      })
    } else if (kind === 'unknown') {
      for (const code of outcome.warnings ?? []) tell({ type: 'warning', code })
      tell({ type: 'refreshDeferred', outcome: kind, cause: outcome.cause })
      const resend = outcome.consumed ? 'never' : ((owner && strategyOf(owner).resend) ?? 'afterBearerEnds')
      send({
        type: 'refresh.unknown',
        ...flight,
        ...notBefore,
        roll: random(),
        resend,
        answered: outcome.answered,
      })
    } else if (kind === 'unsupported') {
      tell({ type: 'refreshDeferred', outcome: kind, cause: kind })
      if (outcome.forGood) vault.dropRefreshToken()
      send({
        type: 'refresh.unsupported',
        ...flight,
        forGood: outcome.forGood,
      })
    } else {
      if (outcome.security) tell({ type: 'security', code: outcome.security })
      send({ type: 'refresh.rejected', ...flight, reason: outcome.reason })
    }
  }

  /** Ends tokens at the backend, as far as it offers that. Tries again for as long as an attempt may last. */
  async function revoke(of: Owner, tokens: Tokens, cause: 'logout' | 'late'): Promise<void> {
    const strategy = strategyOf(of)
    const controller = new AbortController()
    const disarm = clock.setTimer(() => controller.abort(), settings.attemptTimeoutMs, 'foreground')
    let isRevoked = false
    for (let tries = 0; !isRevoked && tries < REVOKE_TRIES && !controller.signal.aborted; tries++) {
      if (!strategy.revoke) break
      if (tries > 0) await pause(REVOKE_PAUSE_MS)
      const { bearer } = tokens
      isRevoked = await strategy
        .revoke({
          ...request(of, tokens, controller.signal),
          cause,
          ...(bearer && { bearer }),
        })
        .catch(() => false)
    }
    disarm()
    if (!isRevoked) tell({ type: 'warning', code: 'notRevoked' })
  }

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      clock.setTimer(resolve, ms, 'foreground')
    })

  const life = (bearer: string, hints: LifeHints, mintedNow: boolean) =>
    lifeOf(bearer, hints, clock.wall(), mintedNow, settings, (code) => tell({ type: 'warning', code }))

  function toFacts(
    at: Position,
    of: Owner,
    tokens: Tokens,
    lifeMs: number,
    mayRefresh: boolean,
  ): SessionFacts {
    const instant = now()
    const isRefreshable = !strategyOf(of).needsRefreshToken || tokens.refreshToken !== undefined
    return {
      epoch: at.epoch,
      version: at.version,
      user: of.user,
      provider: of.provider,
      bearer: tokens.bearer ? 'good' : 'none',
      refreshable: mayRefresh && isRefreshable,
      startedAt: instant - (clock.wall() - of.startedAt),
      ...deadlinesOf(instant, lifeMs, settings.leadTimeMs, random()),
    }
  }

  const toRecord = (at: Position, of: Owner, tokens: Tokens, lifeMs: number): SessionRecord => ({
    v: 1,
    ...at,
    ...of,
    ...tokens,
    ...(lifeMs < Infinity && { endsAt: clock.wall() + lifeMs, lifeMs }),
  })

  /** Life of a stored bearer, never longer than when it was received. */
  const remaining = ({ endsAt, lifeMs }: SessionRecord) =>
    endsAt === undefined ? Infinity : Math.min(endsAt - clock.wall(), lifeMs ?? Infinity)

  return {
    start,
    reread,
    revoke,
    /** A login, or a session found in the store. */
    open(at: Position, of: Owner, tokens: Tokens, lifeMs: number) {
      owner = of
      vault.open(at, tokens)
      send({
        type: 'session.started',
        at: now(),
        facts: toFacts(at, of, tokens, lifeMs, true),
      })
    },
    openStored(stored: SessionRecord) {
      this.open(stored, toOwner(stored), toTokens(stored), remaining(stored))
    },
    life,
    toRecord,
    /**
     * The epoch is over: every flight in the air is too late from now on. Answers what was held.
     * `everywhere`: its copies in this process end too.
     */
    close(everywhere: boolean) {
      const closed = owner && { owner, tokens: vault.tokens() }
      owner = undefined
      vault.empty()
      if (closed && everywhere) coordinator?.end(identity(closed.owner, closed.tokens))
      return closed
    },
  }
}

const isTombstone = (stored: StoredSession): stored is Extract<StoredSession, { ended: true }> =>
  'ended' in stored

const toTokens = ({ bearer, refreshToken }: SessionRecord): Tokens => ({
  ...(bearer !== undefined && { bearer }),
  ...(refreshToken !== undefined && { refreshToken }),
})

const toOwner = ({ provider, user, tenantId, sessionId, startedAt }: SessionRecord): Owner => ({
  provider,
  user,
  startedAt,
  ...(tenantId !== undefined && { tenantId }),
  ...(sessionId !== undefined && { sessionId }),
})
