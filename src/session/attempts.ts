import type { Doubt } from '../../machines/session.context.ts'
import type { RefreshInput } from '../../machines/session.ports.ts'
import type { Position } from '../../machines/session.types.ts'
import type { EndedElsewhere } from '../coordination/coordinator.ts'
import type { Owner } from './login.ts'
import type { Send } from './port.ts'
import { isSamePosition } from './position.ts'
import { toRequest } from './requests.ts'
import { agesOf } from './sendAges.ts'
import type { SessionParts } from './sessionParts.ts'
import type { RefreshOutcome } from './strategy.ts'
import { resendPolicyOf, strategyOf } from './strategyOf.ts'
import type { Tokens } from './vault.ts'

/** Why an attempt is made, in the facts of the chart. */
export interface AttemptReason extends Pick<RefreshInput, 'doubt' | 'isSpent' | 'isHurried' | 'rejections'> {
  /** The session was read from the store just now. */
  readonly isRead?: boolean
}

/** One attempt to renew the session, with the state at its start. */
export interface Attempt {
  readonly position: Position
  readonly owner: Owner
  readonly tokens: Tokens
  /** On the session's timeline. */
  readonly sentAt: number
  /** The earlier sends of the token; `null`: there is no doubt. */
  readonly doubt: Doubt | null
  /** The number of renewals in a row whose bearer got a 401. */
  readonly rejections: number
  /** Reports the result of the attempt to the chart. */
  readonly answer: Send
}

/** The result of an attempt. */
export type Settled = RefreshOutcome | EndedElsewhere

const KINDS = ['ok', 'refused', 'rejected', 'unknown', 'unsupported']

const unsent = { kind: 'refused', cause: 'unavailable' } as const
const timeout = { kind: 'unknown', cause: 'timeout', answered: false } as const
/** A part of the embedder failed: a bug worth reporting. */
export const internal = { kind: 'unknown', cause: 'internal', answered: false } as const

/**
 * Begins one attempt for `position`, and calls `conclude` with its result; for an outcome that may carry a token also
 * later. An attempt does not depend on the state or the caller that asked for it. Leaving the state, aborting or
 * disposing does not stop it, because a token that was rotated must not be lost.
 */
export function startAttempt(
  of: SessionParts,
  position: Position,
  { doubt, isSpent, isHurried, rejections, isRead }: AttemptReason,
  answer: Send,
  conclude: (attempt: Attempt, outcome: Settled) => void,
): void {
  const { settings, clock, grant, shared } = of
  const { coordinator } = settings
  const owner = grant.owner()
  if (!owner || !grant.isCurrent(position)) return
  const controller = openRequest(of, position)
  const { signal } = controller
  const tokens = of.vault.tokens()
  const attempt: Attempt = { position, owner, tokens, sentAt: of.now(), doubt, rejections, answer }
  const asked = toRequest(settings, owner, tokens, of.isUserActive(), signal)
  let isConcluded = false
  const concludeOnce = (outcome: Settled) => {
    // After the deadline only an outcome that may carry a token counts: that token is the only valid one, or must be
    // revoked.
    if (isConcluded && outcome.kind !== 'ok' && outcome.kind !== 'ended') return
    isConcluded = true
    conclude(attempt, outcome)
  }
  // Before this attempt sends, the token can be spent by a peer alone, whose send the ledger knows. A jar has no ledger.
  let lastWord: RefreshOutcome = coordinator && !tokens.refreshToken ? timeout : unsent
  const disarm = clock.setTimer(
    () => {
      controller.abort()
      // A strategy that knows that nothing was sent says so at once.
      clock.setTimer(() => concludeOnce(lastWord), 0, 'foreground')
    },
    settings.attemptTimeoutMs,
    'foreground',
  )
  const refresh = async (): Promise<RefreshOutcome> => {
    // The attempt, version or session ended while this was queued: send nothing.
    if (signal.aborted || !grant.isCurrent(position)) return unsent
    lastWord = timeout
    of.notify({ type: 'refreshSent', attemptId: asked.attemptId })
    const outcome = await strategyOf(settings, owner).refresh(asked)
    if (outcome.kind === 'refused') lastWord = outcome
    return KINDS.includes(outcome.kind) ? outcome : internal
  }
  const fly = async (): Promise<Settled | undefined> => {
    // A token that a peer has spent is not sent again. Nor is one that a peer may have spent while the store does not
    // answer.
    const isNewer = shared && !isRead ? await shared.reread(position, answer) : false
    if (isNewer || signal.aborted) return undefined
    if (!coordinator) return refresh()
    if (isNewer === undefined) return unsent
    const send = () => refresh().catch(() => internal)
    const known = doubt && agesOf(doubt, attempt.sentAt)
    const ask = { resend: resendPolicyOf(settings, owner), isSpent, isEarly: isHurried, known }
    return coordinator.run({ identity: asked, origin: settings.origin, ask, send })
  }
  fly()
    .catch(() => internal)
    .then((outcome) => {
      disarm()
      if (outcome) concludeOnce(outcome)
    })
}

/**
 * The signal of the one open request. There is one for each version, and for each token, which may outlive a version.
 */
function openRequest(of: SessionParts, position: Position): AbortController {
  const { request } = of
  const token = of.vault.tokens().refreshToken
  if (request && (isSamePosition(request, position) || (token && token === request.token)))
    request.controller.abort()
  const controller = new AbortController()
  of.request = { ...position, token, controller }
  return controller
}
