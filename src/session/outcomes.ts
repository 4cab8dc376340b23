import type { SessionEvent } from '../../machines/session.events.ts'
import { isBearer } from '../base/isBearer.ts'
import { readUser } from '../base/readUser.ts'
import { type Attempt, internal, type Settled } from './attempts.ts'
import type { Owner } from './login.ts'
import { ageOf, type Failure, refreshEvent } from './refreshEvent.ts'
import type { SessionParts } from './sessionParts.ts'
import type { RefreshOutcome } from './strategy.ts'
import { resendPolicyOf } from './strategyOf.ts'
import { toTokens } from './vault.ts'

type Ok = Extract<RefreshOutcome, { kind: 'ok' }>

/** Turns the outcome of an attempt into a renewal, or into one event for the chart. */
export function conclude(of: SessionParts, attempt: Attempt, outcome: Settled): void {
  settle(of, attempt, outcome).catch(() => report(of, attempt, internal))
}

async function settle(of: SessionParts, attempt: Attempt, outcome: Settled): Promise<void> {
  const judged = outcome.kind === 'ok' ? judge(of, attempt.owner, outcome) : outcome
  if (judged.kind === 'ok') return adopt(of, attempt, judged)
  if (judged.kind === 'ended') {
    const { late } = judged
    if (late?.kind === 'ok') void of.revoke(attempt.owner, toTokens(late.bearer, late.refreshToken), 'late')
  } else if (await of.shared?.failed(attempt, judged)) return
  report(of, attempt, judged)
}

/** Whether the answer is for this user, and whether it is an old one. */
function judge(of: SessionParts, owner: Owner, outcome: Ok): RefreshOutcome {
  warn(of, outcome)
  const { user: received, ...rest } = outcome
  const user = of.settings.users.keep(received)
  const tenantId = readUser(received)?.tenantId
  const isForeign = tenantId && owner.tenantId && tenantId !== owner.tenantId
  if (user && (user.id !== owner.user.id || isForeign))
    return { kind: 'rejected', reason: 'identityMismatch', security: 'identityMismatch' }
  if (!of.vault.isStale(outcome)) return user ? { ...rest, user } : rest
  return { kind: 'unknown', cause: 'stale', answered: true, warnings: ['stale'] }
}

async function adopt(of: SessionParts, attempt: Attempt, outcome: Ok): Promise<void> {
  const { grant, shared } = of
  const { position, owner, tokens: sent, rejections, answer } = attempt
  const received = isBearer(outcome.bearer) ? outcome.bearer : undefined
  if (received !== outcome.bearer) of.notify({ type: 'warning', code: 'tokenFormat' })
  // RFC 6749 section 6: without a new refresh token the one sent stays valid.
  const refreshToken = outcome.final ? undefined : outcome.refreshToken || sent.refreshToken
  const ageMs = ageOf(outcome)
  const at = { epoch: position.epoch, version: position.version + 1 }
  const lifeMs = received ? of.lifeOf(received, outcome.life ?? {}, true, ageMs) : 0
  const brought = { version: at.version, lifeMs, receivedAt: of.now() - ageMs }
  const best = grant.best(toTokens(received, refreshToken), brought)
  const renewed = { at, owner: ownerAfter(of, owner, outcome), ...best }
  if (shared && grant.isCurrent(position)) await shared.persist(position, renewed, rejections, answer)
  if (grant.isCurrent(position)) {
    grant.renew(renewed, answer)
    if (JSON.stringify(renewed.owner.user) !== JSON.stringify(owner.user))
      of.notify({ type: 'changed', what: 'profile' })
    return
  }
  // Another copy may live on the tokens of this attempt. Revoking them would end that session.
  const isAlive = grant.owner() !== undefined && of.vault.position().epoch === position.epoch
  if (isAlive) return
  const isOthers = outcome.shared || outcome.ageMs !== undefined
  if (!isOthers || (await shared?.isBuried(position)))
    void of.revoke(owner, toTokens(received, outcome.refreshToken), 'late')
}

/** A user that does not match the schema of this release changes nothing, because the tokens are good. */
function ownerAfter(of: SessionParts, owner: Owner, { user: told, partial }: Ok): Owner {
  if (!told) return owner
  // A partial answer keeps the fields that it leaves out. A whole one replaces the user.
  const user = partial ? { ...owner.user, ...told } : told
  try {
    of.settings.users.read(user)
    return { ...owner, user }
  } catch {
    of.notify({ type: 'warning', code: 'userMisfit' })
    return owner
  }
}

function report(of: SessionParts, attempt: Attempt, outcome: Failure): void {
  const { position, owner, sentAt, doubt, answer } = attempt
  if (!of.grant.isCurrent(position)) return
  warn(of, outcome)
  of.problem = outcome.kind === 'refused' ? outcome.problem : undefined
  if ('cause' in outcome) {
    const { kind, cause } = outcome
    const { problem } = of
    of.notify({ type: 'refreshDeferred', outcome: kind, cause, ...(problem !== undefined && { problem }) })
  }
  if (outcome.kind === 'rejected') {
    if (outcome.security) of.notify({ type: 'security', code: outcome.security })
    // RFC 9700 section 4.14.2: the provider may have taken the second send for theft, and ended the grant.
    else if (doubt !== null && outcome.reason === 'refreshRejected')
      of.notify({ type: 'security', code: 'reuse' })
  }
  if (outcome.kind === 'unsupported') {
    if (outcome.forGood) dropRefreshToken(of)
    of.notify({ type: 'refreshDeferred', outcome: 'unsupported', cause: 'unsupported' })
  }
  const sent = { sentAt, resend: resendPolicyOf(of.settings, owner) }
  answer({ ...refreshEvent(outcome, sent, of.now(), of.settings.random()), ...position } as SessionEvent)
}

/** A token that the backend refuses by policy is deleted everywhere. */
function dropRefreshToken({ vault, shared }: SessionParts) {
  vault.dropRefreshToken()
  shared?.dropRefreshToken(vault.position())
}

function warn(of: SessionParts, outcome: Settled) {
  for (const code of (outcome as Ok).warnings ?? []) of.notify({ type: 'warning', code })
}
