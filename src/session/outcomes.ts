import type { SessionEvent } from '../../machines/session.events.ts'
import { isBearer } from '../base/isBearer.ts'
import { readUser } from '../base/readUser.ts'
import type { StoredSession } from '../stores/store.ts'
import { type Attempt, internal, type Settled } from './attempts.ts'
import { lifeOf } from './lifetime.ts'
import type { Owner } from './login.ts'
import { isSamePosition } from './position.ts'
import { isTombstone } from './records.ts'
import { ageOf, type Failure, refreshEvent } from './refreshEvent.ts'
import type { SessionParts } from './sessionParts.ts'
import { rowAfter } from './storedDoubt.ts'
import type { LifeHints, RefreshOutcome } from './strategy.ts'
import { resendPolicyOf } from './strategyOf.ts'
import { type Tokens, toTokens } from './vault.ts'

interface Surroundings extends SessionParts {
  /** Ends tokens that came too late. */
  revokeLate(owner: Owner, tokens: Tokens): void
}

type Ok = Extract<RefreshOutcome, { kind: 'ok' }>

/** Turns the outcome of an attempt into a renewal, or into one event for the chart. */
export function createOutcomes({ settings, vault, grant, shared, now, notify, revokeLate }: Surroundings) {
  let problem: string | undefined

  /** Whether the answer is for this user, and whether it is an old one. */
  function judge(owner: Owner, outcome: Ok): RefreshOutcome {
    warn(outcome)
    const { user: received, ...rest } = outcome
    const user = settings.users.keep(received)
    const tenantId = readUser(received)?.tenantId
    const isForeign = tenantId && owner.tenantId && tenantId !== owner.tenantId
    if (user && (user.id !== owner.user.id || isForeign))
      return { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' }
    if (!vault.isStale(outcome)) return user ? { ...rest, user } : rest
    return { kind: 'unknown', cause: 'stale', answered: true, warnings: ['stale'] }
  }

  async function adopt(
    { position, owner, tokens: sent, rejections, answer }: Attempt,
    outcome: Ok,
  ): Promise<void> {
    const received = isBearer(outcome.bearer) ? outcome.bearer : undefined
    if (received !== outcome.bearer) notify({ type: 'warning', code: 'tokenFormat' })
    // RFC 6749 section 6: without a new refresh token the one sent stays valid.
    const refreshToken = outcome.final ? undefined : outcome.refreshToken || sent.refreshToken
    const ageMs = ageOf(outcome)
    const next = { epoch: position.epoch, version: position.version + 1 }
    const lifeMs = received ? lifeOfBearer(received, outcome.life ?? {}, true, ageMs) : 0
    const brought = { version: next.version, lifeMs, receivedAt: now() - ageMs }
    const { tokens, life } = grant.best(toTokens(received, refreshToken), brought)
    const renewed = ownerAfter(owner, outcome)
    if (shared && grant.isCurrent(position))
      await shared.persist(position, grant.toRecord(next, renewed, tokens, life, rejections), answer)
    if (grant.isCurrent(position)) {
      grant.renew(next, renewed, tokens, life, answer)
      if (JSON.stringify(renewed.user) !== JSON.stringify(owner.user))
        notify({ type: 'changed', what: 'profile' })
      return
    }
    // Another copy may live on the tokens of this attempt. Revoking them would end that session.
    const isAlive = grant.owner() !== undefined && vault.position().epoch === position.epoch
    if (isAlive) return
    const isOthers = outcome.shared || outcome.ageMs !== undefined
    if (!isOthers || (await shared?.isBuried(position)))
      revokeLate(owner, toTokens(received, outcome.refreshToken))
  }

  /** A user that does not match the schema of this release changes nothing, because the tokens are good. */
  function ownerAfter(owner: Owner, { user: told, partial }: Ok): Owner {
    if (!told) return owner
    // A partial answer keeps the fields that it leaves out. A whole one replaces the user.
    const user = partial ? { ...owner.user, ...told } : told
    try {
      settings.users.read(user)
      return { ...owner, user }
    } catch {
      notify({ type: 'warning', code: 'userMisfit' })
      return owner
    }
  }

  /** Writes the ledger's row of the token beside it. */
  function noteDoubt(attempt: Attempt, stored: StoredSession, outcome: RefreshOutcome) {
    const { position, owner, tokens, sentAt, doubt: known } = attempt
    if (isTombstone(stored) || !isSamePosition(stored, position)) return
    if (!tokens.refreshToken || stored.refreshToken !== tokens.refreshToken) return
    const said = { outcome, known, sentAt, resend: resendPolicyOf(settings, owner) }
    const doubt = rowAfter(stored.doubt, said, { at: now(), wall: settings.clock.wall() })
    if (doubt) shared?.persistDoubt(position, stored, doubt)
  }

  function report({ position, owner, sentAt, doubt, answer }: Attempt, outcome: Failure): void {
    if (!grant.isCurrent(position)) return
    warn(outcome)
    problem = outcome.kind === 'refused' ? outcome.problem : undefined
    if ('cause' in outcome) {
      const { kind, cause } = outcome
      notify({ type: 'refreshDeferred', outcome: kind, cause, ...(problem !== undefined && { problem }) })
    }
    if (outcome.kind === 'rejected') {
      if (outcome.security) notify({ type: 'security', code: outcome.security })
      // RFC 9700 section 4.14.2: the provider may have taken the second send for theft, and ended the grant.
      else if (doubt !== null && outcome.reason === 'refreshRejected')
        notify({ type: 'security', code: 'reuse' })
    }
    if (outcome.kind === 'unsupported') {
      if (outcome.forGood) dropRefreshToken()
      notify({ type: 'refreshDeferred', outcome: 'unsupported', cause: 'unsupported' })
    }
    const attempt = { sentAt, resend: resendPolicyOf(settings, owner) }
    answer({ ...refreshEvent(outcome, attempt, now(), settings.random()), ...position } as SessionEvent)
  }

  /** A token that the backend refuses by policy is deleted everywhere. */
  function dropRefreshToken() {
    const at = vault.position()
    vault.dropRefreshToken()
    shared?.dropRefreshToken(at)
  }

  function warn(outcome: Settled) {
    for (const code of (outcome as Ok).warnings ?? []) notify({ type: 'warning', code })
  }

  async function settle(attempt: Attempt, outcome: Settled): Promise<void> {
    const { position, owner } = attempt
    const judged = outcome.kind === 'ok' ? judge(owner, outcome) : outcome
    if (judged.kind === 'ok') return adopt(attempt, judged)
    if (judged.kind === 'ended') {
      const { late } = judged
      if (late?.kind === 'ok') revokeLate(owner, toTokens(late.bearer, late.refreshToken))
    } else if (shared) {
      const stored = await shared.look()
      // A peer has the next version, so this failure is out of date.
      if (shared.take(position, stored, attempt.answer)) return
      if (stored) noteDoubt(attempt, stored, judged)
    }
    report(attempt, judged)
  }

  /** How long a bearer lived when it arrived `ageMs` ago. */
  const lifeOfBearer = (bearer: string, hints: LifeHints, mintedNow = false, ageMs = 0) =>
    lifeOf(bearer, hints, settings.clock.wall() - ageMs, mintedNow, settings, (code) =>
      notify({ type: 'warning', code }),
    )

  return {
    /** Reports the outcome of an attempt to the chart as one event. */
    conclude(attempt: Attempt, outcome: Settled) {
      settle(attempt, outcome).catch(() => report(attempt, internal))
    },
    lifeOf: lifeOfBearer,
    /** What the last failure asks the embedder to correct. */
    problem: () => problem,
  }
}
