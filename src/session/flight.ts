import { deadlinesOf, floorAfter, USELESS_LIFE_MS } from '../../machines/session.deadlines.ts'
import { after } from '../../machines/session.instants.ts'
import type { LedgerRow } from '../../machines/session.ledger.ts'
import type {
  Doubt,
  Position,
  RefreshInput,
  RejectedReason,
  SessionEvent,
  SessionFacts,
  SessionUser,
} from '../../machines/session.types.ts'
import { insist } from '../base/insist.ts'
import type { EndedElsewhere } from '../coordination/coordinator.ts'
import type { SessionRecord, SessionStore, StoredSession } from '../stores/store.ts'
import { lifeOf } from './lifetime.ts'
import { isBearer, type Owner, readUser } from './login.ts'
import type { Happening } from './notice.ts'
import type { Settings } from './options.ts'
import { fromRecord, isTombstone, toRecord, toTokens } from './records.ts'
import { replaceStored } from './replaceStored.ts'
import { revoke } from './revoke.ts'
import { agesOf, sendsOf } from './sendAges.ts'
import { doubtOf, rowAfter } from './storedDoubt.ts'
import type { KnownSends, LifeHints, RefreshOutcome, SessionStrategy } from './strategy.ts'
import type { Tokens, Vault } from './vault.ts'

export interface FlightDeck {
  readonly settings: Settings
  readonly store: SessionStore | undefined
  readonly vault: Vault
  now(): number
  isUserActive(): boolean
  send(event: SessionEvent): void
  tell(happening: Happening): void
}

/** Why an attempt is made, as the chart knows it. */
export type FlightReason = Pick<RefreshInput, 'doubt' | 'isSpent' | 'isHurried' | 'rejections'>

/** The bearer in the vault: renewals without a usable one leave it where it is. */
interface Bearing {
  /** Which version brought it. */
  readonly version: number
  /** How long it lived when it was received; milliseconds. */
  readonly lifeMs: number
  /** On the session's timeline. */
  readonly receivedAt: number
}

/** What is known of a session beside its tokens, where it was found. */
export interface FoundFacts extends Partial<Pick<SessionFacts, 'bearerVersion' | 'rejections'>> {
  /** What is known of earlier sends of its refresh token, on the wall clock. */
  readonly row?: LedgerRow
}

interface Attempt {
  readonly position: Position
  readonly of: Owner
  readonly tokens: Tokens
  /** On the session's timeline. */
  readonly sentAt: number
  /** What is known of earlier sends of the token; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** Renewals in a row whose bearer was answered 401. */
  readonly rejections: number
}

type Settled = RefreshOutcome | EndedElsewhere
type Ok = Extract<RefreshOutcome, { kind: 'ok' }>
type Failure = Exclude<Settled, { kind: 'ok' }>

const KINDS = ['ok', 'refused', 'rejected', 'unknown', 'unsupported']

/** How long ago an answer came; an answer that says nothing of it, or nonsense, came just now. */
const ageOf = ({ ageMs }: { readonly ageMs?: number }) =>
  Number.isFinite(ageMs) ? Math.max(ageMs as number, 0) : 0

const rowOf = (doubt: KnownSends & { readonly waitMs: number }, at: number) => ({
  ...sendsOf(doubt, at),
  retryAt: after(at, doubt.waitMs),
})

const unsent = { kind: 'refused', cause: 'unavailable' } as const
const internal = { kind: 'unknown', cause: 'internal', answered: false } as const
const timeout = { kind: 'unknown', cause: 'timeout', answered: false } as const

/**
 * Spends refresh tokens for one session. A flight is detached from the state that asked for it and from every
 * caller: leaving, aborting or disposing does not stop it, because a token that was rotated must not be lost.
 */
export function createFlights({ settings, store, vault, now, isUserActive, send, tell }: FlightDeck) {
  const { clock, coordinator, random } = settings
  let owner: Owner | undefined
  let open:
    | (Position & { readonly token: string | undefined; readonly controller: AbortController })
    | undefined

  let held: Bearing = { version: 0, lifeMs: 0, receivedAt: 0 }

  let disarmRetry = () => {}
  let problem: string | undefined

  /** Not where the epoch is over, or a newer version is already here. */
  const isCurrent = (position: Position) => owner !== undefined && isSame(position, vault.position())

  const strategyOf = (of: Owner) => settings.strategies[of.provider] as SessionStrategy

  const resendOf = (of: Owner) => strategyOf(of).resend ?? 'afterBearerEnds'

  const instant = () => ({ at: now(), wall: clock.wall() })

  const about = (of: Owner, tokens: Tokens) => ({ ...of, ...tokens, userId: of.user.id })

  const request = (of: Owner, tokens: Tokens, signal: AbortSignal) => ({
    ...about(of, tokens),
    baseUrl: settings.baseUrl,
    // Pages without TLS have no `randomUUID`.
    attemptId: crypto.getRandomValues(new Uint32Array(4)).join('-'),
    signal,
    ...(isUserActive() && { userActive: true as const }),
    ...(settings.fetch && { fetch: settings.fetch }),
  })

  /**
   * One attempt for `position`. Whatever comes of it reaches the chart as one event.
   */
  function start(position: Position, { doubt, isSpent, isHurried, rejections }: FlightReason) {
    if (!isCurrent(position)) return
    // One open request per version and per token, which may outlive a version: sends must not overlap.
    const token = vault.tokens().refreshToken
    if (open && (isSame(open, position) || (token && token === open.token))) open.controller.abort()
    const controller = new AbortController()
    const { signal } = controller
    open = { ...position, token, controller }
    const attempt: Attempt = {
      position,
      of: owner as Owner,
      tokens: vault.tokens(),
      sentAt: now(),
      doubt,
      rejections,
    }
    const asked = request(attempt.of, attempt.tokens, signal)
    let isConcluded = false
    const concludeOnce = (outcome: Settled) => {
      // After the deadline only what may carry a token counts: it is the only valid one, or has to be revoked.
      if (isConcluded && outcome.kind !== 'ok' && outcome.kind !== 'ended') return
      isConcluded = true
      conclude(attempt, outcome).catch(() => report(attempt, internal))
    }
    let lastWord: RefreshOutcome = timeout
    const disarm = clock.setTimer(
      () => {
        controller.abort()
        // A strategy that knows that nothing had left says so at once.
        clock.setTimer(() => concludeOnce(lastWord), 0, 'foreground')
      },
      settings.attemptTimeoutMs,
      'foreground',
    )
    const refresh = async (): Promise<RefreshOutcome> => {
      // It waited for its turn until the attempt, the version or the session was over: nothing leaves.
      if (signal.aborted || !isCurrent(position)) return unsent
      tell({ type: 'refreshSent', attemptId: asked.attemptId })
      const strategy = strategyOf(attempt.of)
      const outcome = await strategy.refresh(asked)
      if (outcome.kind === 'refused') lastWord = outcome
      return KINDS.includes(outcome.kind) ? outcome : internal
    }
    const fly = async (): Promise<Settled | undefined> => {
      // What a peer has spent is not sent again, nor what it may have spent while nobody can look.
      const isNewer = store ? await reread(position) : false
      if (isNewer || signal.aborted) return undefined
      if (!coordinator) return refresh()
      if (isNewer === undefined) return unsent
      const send = () => refresh().catch(() => internal)
      const resend = resendOf(attempt.of)
      const ask = { resend, isSpent, isEarly: isHurried, known: doubt && agesOf(doubt, attempt.sentAt) }
      return coordinator.run({ identity: asked, origin: settings.origin, ask, send })
    }
    fly()
      .catch(() => internal)
      .then((outcome) => {
        disarm()
        if (outcome) concludeOnce(outcome)
      })
  }

  async function conclude(attempt: Attempt, outcome: Settled): Promise<void> {
    const { position, of } = attempt
    const judged = outcome.kind === 'ok' ? judge(of, outcome) : outcome
    if (judged.kind === 'ok') return adopt(attempt, judged)
    if (judged.kind === 'ended') {
      const { late } = judged
      if (late?.kind === 'ok') void end(of, toTokens(late.bearer, late.refreshToken), 'late')
    } else {
      const stored = await look()
      // A peer holds the next version: this failure is of the past.
      if (take(position, stored)) return
      if (stored) noteDoubt(attempt, stored, judged)
    }
    report(attempt, judged)
  }

  /** What is known of the token is written beside it: whoever finds the session knows that, too. */
  function noteDoubt(
    { position, of, tokens, sentAt, doubt: known }: Attempt,
    stored: StoredSession,
    outcome: RefreshOutcome,
  ) {
    if (!store || isTombstone(stored) || !isSame(stored, position)) return
    if (!tokens.refreshToken || stored.refreshToken !== tokens.refreshToken) return
    const doubt = rowAfter(stored.doubt, { outcome, known, sentAt, resend: resendOf(of) }, instant())
    const unstored = () => tell({ type: 'warning', code: 'persistFailed' })
    if (doubt) store.compareAndSet(position, { ...stored, doubt }).catch(unstored)
  }

  /** What an answer that looks good is worth to this session. */
  function judge(of: Owner, outcome: Ok): RefreshOutcome {
    warn(outcome)
    const { user: given, ...rest } = outcome
    const user = readUser(given)
    const isForeign = user?.tenantId && of.tenantId && user.tenantId !== of.tenantId
    if (user && (user.id !== of.user.id || isForeign))
      return { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' }
    if (!vault.isStale(outcome)) return user ? { ...rest, user } : rest
    return { kind: 'unknown', cause: 'stale', answered: true, warnings: ['stale'] }
  }

  async function adopt({ position, of, tokens: sent, rejections }: Attempt, outcome: Ok): Promise<void> {
    const received = isBearer(outcome.bearer) ? outcome.bearer : undefined
    if (received !== outcome.bearer) tell({ type: 'warning', code: 'tokenFormat' })
    // RFC 6749 section 6: without a new refresh token the one sent stays valid.
    const refreshToken = outcome.final ? undefined : outcome.refreshToken || sent.refreshToken
    const ageMs = ageOf(outcome)
    const next = { epoch: position.epoch, version: position.version + 1 }
    const lifeMs = received ? life(received, outcome.life ?? {}, true, ageMs) : 0
    const brought = { version: next.version, lifeMs, receivedAt: now() - ageMs }
    const { tokens, bearing } = bestOf(toTokens(received, refreshToken), brought)
    const renewed = outcome.user ? { ...of, user: mergedUser(of.user, outcome) } : of
    if (isCurrent(position)) await persist(position, recordOf(next, renewed, tokens, bearing, rejections))
    if (isCurrent(position)) {
      commit(next, renewed, tokens, bearing)
      if (JSON.stringify(renewed.user) !== JSON.stringify(of.user)) tell({ type: 'changed', what: 'profile' })
      return
    }
    // Somebody else lives on what this flight brought, inside this session or beside it: revoking would end them.
    const isAlive = owner !== undefined && vault.position().epoch === position.epoch
    if (isAlive) return
    const isOthers = outcome.shared || outcome.ageMs !== undefined
    if (!isOthers || (await isBuried(position)))
      void end(of, toTokens(received, outcome.refreshToken), 'late')
  }

  const look = async () => store?.read().catch(() => undefined)

  /** Whether the store says that the session is over for all who share it. */
  async function isBuried({ epoch }: Position): Promise<boolean> {
    const stored = await look()
    return !!stored && isTombstone(stored) && stored.epoch === epoch
  }

  /** A login, or a session that was found. */
  function begin(
    at: Position,
    of: Owner,
    tokens: Tokens,
    lifeMs: number,
    receivedAt: number,
    { bearerVersion = at.version, row, ...found }: FoundFacts = {},
  ) {
    owner = of
    held = { version: bearerVersion, lifeMs, receivedAt }
    vault.open(at, tokens)
    const doubt = row && doubtOf(row, resendOf(of), instant())
    const facts = { ...toFacts(at, of, tokens, held), ...found, ...doubt }
    send({ type: 'session.started', at: now(), facts })
  }

  /** What a renewal leaves us with: without a usable bearer, or with the one at hand, that stays as it is. */
  function bestOf(tokens: Tokens, bearing: Bearing): { tokens: Tokens; bearing: Bearing } {
    const isUsable = tokens.bearer && bearing.lifeMs > USELESS_LIFE_MS && bearing.version > held.version
    if (isUsable) return { tokens, bearing }
    return { tokens: toTokens(vault.tokens().bearer, tokens.refreshToken), bearing: held }
  }

  function commit(at: Position, of: Owner, tokens: Tokens, bearing: Bearing) {
    if (!vault.commit(at, tokens)) return
    owner = of
    held = bearing
    send({ type: 'session.renewed', at: now(), facts: toFacts(at, of, tokens, bearing) })
  }

  /** Commits before anybody is told. If a peer was first, its version or its end is taken instead. */
  async function persist(position: Position, record: SessionRecord): Promise<void> {
    try {
      if (await write(position, record, position)) return
    } catch {
      // What we hold in memory is the newest there is, and others hold what it has spent.
      disarmRetry()
      disarmRetry = insist(clock, () => write(position, record, record))
    }
    tell({ type: 'warning', code: 'persistFailed' })
  }

  /** Writes `record` over `expected` while we are `at` a position. Answers whether the store needs nothing from us. */
  async function write(expected: Position, record: SessionRecord, at: Position): Promise<boolean> {
    if (!store || (await store.compareAndSet(expected, record))) return true
    if (!isCurrent(at) || (await reread(at))) return true
    // The store missed an earlier write, or fell back: a renewal that it does not know has spent what it holds.
    const old = await store.read()
    const isBehind = old && isSameLogin(old, at, record) && old.version < record.version
    return !!isBehind && isCurrent(at) && store.compareAndSet(old, record)
  }

  /** Takes a newer version, or the end, from the store. Answers whether there was one; `undefined`: nobody can tell. */
  const reread = async (position: Position) => take(position, await look())

  function take(position: Position, stored: StoredSession | null | undefined): boolean | undefined {
    if (stored === undefined) return undefined
    if (stored === null || !isCurrent(position) || stored.epoch < position.epoch) return false
    // A store that fell back, or missed this login, may have given its epoch to another one.
    if (!isSameLogin(stored, position, owner as Owner)) {
      const isWordOfProvider = isTombstone(stored) && stored.reason === 'backChannel'
      send({ type: 'session.ended', at: now(), reason: isWordOfProvider ? 'backChannel' : 'elsewhere' })
      return true
    }
    if (stored.version <= position.version) return false
    const {
      at,
      owner: of,
      tokens,
      lifeMs,
      ageMs,
      bearerVersion = at.version,
    } = fromRecord(stored, clock.wall())
    const best = bestOf(tokens, { version: bearerVersion, lifeMs, receivedAt: now() - ageMs })
    commit(at, of, best.tokens, best.bearing)
    return true
  }

  function report(attempt: Attempt, outcome: Failure): void {
    if (!isCurrent(attempt.position)) return
    warn(outcome)
    problem = outcome.kind === 'refused' ? outcome.problem : undefined
    if ('cause' in outcome)
      tell({
        type: 'refreshDeferred',
        outcome: outcome.kind,
        cause: outcome.cause,
        ...(problem !== undefined && { problem }),
      })
    send({ ...toEvent(attempt, outcome), ...attempt.position, at: now() } as SessionEvent)
  }

  function toEvent({ of, sentAt, doubt }: Attempt, outcome: Failure) {
    const roll = random()
    // Whoever was told to wait must not come back at the same instant.
    const wait = 'retryAfterMs' in outcome ? (outcome.retryAfterMs ?? 0) * (1 + roll / 10) : 0
    const notBefore = wait > 0 ? now() + wait : 0
    switch (outcome.kind) {
      case 'ended':
        return { type: 'session.ended', reason: 'elsewhere' } as const
      case 'rejected':
        if (outcome.security) tell({ type: 'security', code: outcome.security })
        // RFC 9700 section 4.14.2: the provider may have taken the second send for theft, and ended the grant.
        else if (doubt !== null && outcome.reason === 'refreshRejected')
          tell({ type: 'security', code: 'reuse' })
        return { type: 'refresh.rejected', reason: outcome.reason as RejectedReason } as const
      case 'unsupported':
        if (outcome.forGood) dropRefreshToken()
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
        const resend = outcome.consumed ? 'never' : resendOf(of)
        return {
          type: 'refresh.unknown',
          // A follower joined later than the token was sent.
          sentAt: Math.min(sentAt, now() - ageOf(outcome)),
          roll,
          notBefore,
          resend,
          answered: outcome.answered,
          ...(outcome.doubt && { row: rowOf(outcome.doubt, now()) }),
        } as const
      }
    }
  }

  /** A token that the backend refuses by policy is kept nowhere. */
  function dropRefreshToken() {
    const at = vault.position()
    vault.dropRefreshToken()
    if (!store) return
    const unstored = () => tell({ type: 'warning', code: 'persistFailed' })
    void replaceStored(store, unstored, (stored) => {
      if (!stored || !isSame(stored, at)) return undefined
      const { refreshToken, doubt, ...rest } = stored as SessionRecord
      return rest
    })
  }

  function warn(outcome: Settled) {
    for (const code of (outcome as Ok).warnings ?? []) tell({ type: 'warning', code })
  }

  /** Ends tokens at the backend. */
  async function end(of: Owner, tokens: Tokens, cause: 'logout' | 'late'): Promise<void> {
    const toRequest = (signal: AbortSignal) => ({ ...request(of, tokens, signal), cause })
    if (!(await revoke(strategyOf(of), toRequest, clock, settings.attemptTimeoutMs)))
      tell({ type: 'warning', code: 'notRevoked' })
  }

  /** How long a bearer lived when it arrived `ageMs` ago. */
  const life = (bearer: string, hints: LifeHints, mintedNow = false, ageMs = 0) =>
    lifeOf(bearer, hints, clock.wall() - ageMs, mintedNow, settings, (code) =>
      tell({ type: 'warning', code }),
    )

  /** What is stored of a renewal. */
  function recordOf(
    at: Position,
    of: Owner,
    tokens: Tokens,
    bearing: Bearing,
    rejections: number,
  ): SessionRecord {
    const { version, lifeMs, receivedAt } = bearing
    return {
      ...toRecord(at, of, tokens, lifeMs, clock.wall(), now() - receivedAt),
      ...(version < at.version && { bearerVersion: version }),
      ...(rejections > 0 && { rejections }),
    }
  }

  /** The facts of a bearer. Storing it may have taken a while. */
  function toFacts({ epoch, version }: Position, of: Owner, tokens: Tokens, bearing: Bearing): SessionFacts {
    const { lifeMs, receivedAt } = bearing
    const isOlder = bearing.version < version
    return {
      epoch,
      version,
      user: of.user,
      provider: of.provider,
      bearer: tokens.bearer ? ('good' as const) : ('none' as const),
      refreshable: !strategyOf(of).needsRefreshToken || tokens.refreshToken !== undefined,
      startedAt: now() - (clock.wall() - of.startedAt),
      ...deadlinesOf(receivedAt, lifeMs, settings.leadTimeMs, random()),
      ...(isOlder && { bearerVersion: bearing.version, floorAt: floorAfter(now(), 0) }),
    }
  }

  return {
    start,
    reread,
    end,
    life,
    open: begin,
    /** Whether there is a session whose tokens are here, or may yet come. */
    isOpen: () => owner !== undefined,
    /** What the last failure asks the embedder to mend. */
    problem: () => problem,
    /**
     * The epoch is over: every flight in the air is too late from now on. Answers what was held.
     * `everywhere`: its copies in this process end too.
     */
    close(everywhere: boolean) {
      const closed = owner && { owner, tokens: vault.tokens() }
      owner = undefined
      vault.empty()
      disarmRetry()
      if (closed && everywhere) coordinator?.end(about(closed.owner, closed.tokens))
      return closed
    },
  }
}

export type Flights = ReturnType<typeof createFlights>

const isSame = (a: Position, b: Position) => a.epoch === b.epoch && a.version === b.version

/** Not where it ended. Of two logins with one epoch, which only a store that failed leaves behind, neither is the other. */
const isSameLogin = (
  stored: StoredSession,
  { epoch }: Position,
  of: Pick<SessionRecord, 'startedAt' | 'user'>,
): stored is SessionRecord =>
  !isTombstone(stored) &&
  stored.epoch === epoch &&
  stored.startedAt === of.startedAt &&
  stored.user.id === of.user.id

/** A partial answer leaves out what it does not say; a whole one takes the place of what was known. */
const mergedUser = (known: SessionUser, { user, partial }: Ok): SessionUser =>
  partial ? { ...known, ...user } : (user ?? known)
