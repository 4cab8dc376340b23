import type { ResendPolicy } from '../../../machines/session.types.ts'
import type { LoginAnswer } from '../../../src/session/login.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from '../../../src/session/strategy.ts'
import { createIssuer } from '../issuer.ts'
import type { Bearer, Family, HistoryEvent, Send } from '../judge/history.ts'

/**
 * How a send may end. `ok`: rotated. `keep`: the same token again. `lost`: rotated, and the answer is lost. `unknown`:
 * not processed, and nobody can tell, or a gateway spoke. `answered`: not processed, and the backend's own words may mean
 * anything. `consumed`: rotated, and the backend says that it kept nothing. `short`: the new bearer has ended already.
 */
export const OUTCOMES = [
  'ok',
  'keep',
  'refused',
  'limited',
  'misconfigured',
  'unknown',
  'answered',
  'lost',
  'consumed',
  'rejected',
  'unsupported',
  'forGood',
  'short',
  'noBearer',
  'foreign',
  'throw',
] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A refresh token that was presented. Whoever generates the history chooses what becomes of it. */
export interface Presented {
  readonly send: Send
  /** What it was answered, once it was. */
  outcome?: Outcome
  /** Its sender waits no longer. */
  isGivenUp: boolean
  /** The token was replaced or revoked: whoever processes it finds a second use. */
  isReuse(): boolean
  answer(outcome: Outcome): void
  /** Nobody will ever read an answer. `isProcessed`: the token is spent. */
  lose(isProcessed: boolean): void
}

export interface ProviderOptions {
  readonly resend: ResendPolicy
  readonly lifeMs: number
  /** What every token begins with. */
  readonly mark?: string
  /** Those who share a ledger learn also of a late answer without tokens what it says of the token. @default false */
  readonly hasLedger?: boolean
  now(): number
  note(event: HistoryEvent): void
  onPresented(presented: Presented): void
  onGivenUp?(presented: Presented): void
  onMinted?(bearer: Bearer): void
  /** A token is to be revoked. @default at once */
  revoke?(by: string, token: string | undefined): Promise<boolean>
}

/** A session believes in no longer life of a bearer. */
const MAX_LIFE_MS = 86_400_000
/** What of an answer after its deadline every session believes. */
const BELIEVED: readonly Send['result'][] = ['rotated', 'kept', 'refused']
const OF_ONE_WHO_READS: readonly Outcome[] = [
  'ok',
  'keep',
  'lost',
  'consumed',
  'short',
  'noBearer',
  'foreign',
]
const SAYS = {
  refused: { kind: 'refused', cause: 'network' },
  limited: { kind: 'refused', cause: 'limited', retryAfterMs: 3_000 },
  misconfigured: { kind: 'refused', cause: 'misconfigured' },
  unknown: { kind: 'unknown', cause: 'network', answered: false },
  answered: { kind: 'unknown', cause: 'refreshFailed', answered: true },
  lost: { kind: 'unknown', cause: 'network', answered: false },
  consumed: { kind: 'unknown', cause: 'consumed', answered: true, consumed: true },
  rejected: { kind: 'rejected', reason: 'refreshRejected' },
  unsupported: { kind: 'unsupported', forGood: false },
  forGood: { kind: 'unsupported', forGood: true },
} as const satisfies Partial<Record<Outcome, RefreshOutcome>>

/**
 * An identity provider with rotation and reuse detection behind a backend, as a strategy tells of it. What is in between
 * is part of an outcome: `refused` before, `lost` after. Properties and checker use it; the simulation and chaos have the
 * shipped strategies, and a network of their own kind for these.
 */
export function createProvider(options: ProviderOptions) {
  const { resend, lifeMs, now, note } = options
  const issuer = createIssuer(now, options.mark)
  const { add, rotate, tokenOf } = issuer
  const revoked = new Set<string>()

  function mint(family: Family, ms = lifeMs): Bearer {
    const bearer = issuer.mint(family, Math.min(ms, MAX_LIFE_MS))
    options.onMinted?.(bearer)
    return bearer
  }

  function close(send: Send, result: NonNullable<Send['result']>): void {
    const isBelieved = BELIEVED.includes(result) || (options.hasLedger && result !== 'unknown')
    if (send.closedAt !== undefined && !isBelieved) return
    note({ type: 'closed', send: Object.assign(send, { closedAt: now(), result }) })
  }

  function presented(
    send: Send,
    resolve: (outcome: RefreshOutcome) => void,
    reject: (error: Error) => void,
  ): Presented {
    const { family } = send
    const says = (outcome: Exclude<RefreshOutcome, { kind: 'ok' | 'ended' }>) => {
      close(send, resultOf(outcome))
      resolve(outcome)
    }
    const tells = (user: string, refreshToken: string, bearer: Bearer | undefined, ms = lifeMs) =>
      resolve({
        kind: 'ok',
        refreshToken,
        ...(bearer && { bearer: bearer.name }),
        user: { id: user },
        life: { expiresIn: ms / 1_000 },
      })
    const renewed = (token: string, ms: number | undefined) => {
      const bearer = ms === undefined ? undefined : mint(family, ms)
      close(send, token === send.token ? 'kept' : 'rotated')
      note({ type: 'delivered', by: send.by, family, token, bearer })
      tells(family.user, token, bearer, ms)
    }
    const isReuse = () => send.index !== family.index || revoked.has(send.token)
    const one: Presented = {
      send,
      isGivenUp: false,
      isReuse,
      answer(outcome) {
        one.outcome = outcome
        if (isReuse() && OF_ONE_WHO_READS.includes(outcome))
          return says({ kind: 'rejected', reason: 'refreshRejected', security: 'reuse' })
        switch (outcome) {
          case 'ok':
            return renewed(rotate(family), lifeMs)
          case 'keep':
            return renewed(send.token, lifeMs)
          case 'short':
            return renewed(rotate(family), 0)
          case 'noBearer':
            return renewed(rotate(family), undefined)
          case 'foreign': {
            rotate(family)
            close(send, 'rotated')
            // Of somebody else's nothing may be used: not even to revoke it.
            const theirs = add('mallory')
            return tells(theirs.user, tokenOf(theirs), mint(theirs))
          }
          case 'throw':
            close(send, 'unknown')
            return reject(new Error('the strategy is broken'))
          case 'lost':
          case 'consumed':
            rotate(family)
        }
        says(SAYS[outcome])
      },
      lose(isProcessed) {
        if (isProcessed && send.index === family.index) rotate(family)
        close(send, 'unknown')
      },
    }
    return one
  }

  return {
    ...issuer,
    strategy: (by: string): SessionStrategy => ({
      needsRefreshToken: true,
      resend,
      refresh(request: RefreshRequest) {
        const token = request.refreshToken ?? ''
        const known = issuer.token(token)
        if (!known) throw new Error('a token from nowhere')
        // As with every `fetch`: what was aborted before does not leave.
        if (request.signal.aborted)
          return Promise.resolve({ kind: 'unknown', cause: 'timeout', answered: false })
        const send: Send = { by, token, ...known, at: now() }
        note({ type: 'sent', send })
        return new Promise<RefreshOutcome>((resolve, reject) => {
          const one = presented(send, resolve, reject)
          request.signal.addEventListener('abort', () => {
            one.isGivenUp = true
            options.onGivenUp?.(one)
            close(send, 'unknown')
          })
          options.onPresented(one)
        })
      },
      revoke({ refreshToken }) {
        if (refreshToken) {
          revoked.add(refreshToken)
          note({ type: 'revoked', token: refreshToken })
        }
        return options.revoke?.(by, refreshToken) ?? Promise.resolve(true)
      },
    }),
    revoked,
    /** Somebody logs in. `wall`: what the clock on the wall says. */
    login(user: string, wall: number): { readonly family: Family; readonly answer: LoginAnswer } {
      const family = add(user)
      const answer = {
        token: mint(family).name,
        refreshToken: tokenOf(family),
        user: { id: user },
        expiresAt: wall + lifeMs,
      }
      return { family, answer }
    },
  }
}

export type Provider = ReturnType<typeof createProvider>

function resultOf(outcome: Exclude<RefreshOutcome, { kind: 'ok' | 'ended' }>): NonNullable<Send['result']> {
  if (outcome.kind !== 'unknown') return outcome.kind
  return outcome.consumed ? 'consumed' : outcome.answered ? 'answered' : 'unknown'
}
