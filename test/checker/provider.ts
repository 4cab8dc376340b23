import type { ResendPolicy } from '../../machines/session.types.ts'
import type { LoginAnswer } from '../../src/session/login.ts'
import type {
  RefreshOutcome,
  RefreshRequest,
  RevokeRequest,
  SessionStrategy,
} from '../../src/session/strategy.ts'
import { createIssuer } from '../proof/issuer.ts'
import type { Bearer, Family, HistoryEvent, Send } from '../proof/judge/history.ts'
import { START } from '../proof/world/place.ts'
import type { Ports } from './ports.ts'
import type { StepClock } from './stepClock.ts'

/**
 * How a send may end. `ok`: rotated. `keep`: the same token again. `lost`: rotated, and the answer is lost. `unknown`:
 * not processed, and nobody can tell, or a gateway spoke. `answered`: not processed, and the backend's own words may mean
 * anything. `consumed`: rotated, and the backend says that it kept nothing.
 */
export const OUTCOMES = [
  'ok',
  'keep',
  'refused',
  'rejected',
  'lost',
  'unknown',
  'answered',
  'consumed',
  'unsupported',
  'forGood',
  'foreign',
  'noBearer',
] as const
export type Outcome = (typeof OUTCOMES)[number]

export interface ProviderOptions {
  readonly outcomes: readonly Outcome[]
  readonly resend: ResendPolicy
  readonly lifeMs: number
  readonly marks: readonly number[]
  readonly clock: StepClock
  readonly ports: Ports
  readonly note: (event: HistoryEvent) => void
}

export type Provider = ReturnType<typeof createProvider>

/** An identity provider with rotation and reuse detection behind a backend, and what it has issued. */
export function createProvider({ outcomes, resend, lifeMs, marks, clock, ports, note }: ProviderOptions) {
  const issuer = createIssuer(clock.now)
  const { add, rotate, tokenOf } = issuer
  const revoked = new Set<string>()
  /** A request that was given up brings nothing once its token is sent again. */
  const superseded = new Map<string, () => void>()
  /** What each session was answered last, for which token: it may still be busy with it. */
  const answers = new Map<string, Outcome>()

  function mint(family: Family): Bearer {
    const bearer = issuer.mint(family, lifeMs)
    for (const mark of marks) clock.of('time').setTimer(() => {}, lifeMs - mark, 'background')
    return bearer
  }

  function close(send: Send, result: NonNullable<Send['result']>) {
    // What comes after the deadline counts only if it proves something.
    if (send.closedAt !== undefined && result !== 'rotated' && result !== 'kept') return
    Object.assign(send, { closedAt: clock.now(), result })
    note({ type: 'closed', send })
  }

  function ways(send: Send, isGivenUp: () => boolean, resolve: (outcome: RefreshOutcome) => void) {
    const { family } = send
    const says = (outcome: RefreshOutcome) => {
      close(send, resultOf(outcome))
      resolve(outcome)
    }
    const tells = (user: string, refreshToken: string, bearer: Bearer | undefined) =>
      resolve({
        kind: 'ok',
        refreshToken,
        ...(bearer && { bearer: bearer.name }),
        user: { id: user },
        life: { expiresIn: lifeMs / 1_000 },
      })
    const renewed = (isRotated: boolean, hasBearer = true) => {
      const token = isRotated ? rotate(family) : send.token
      const bearer = hasBearer ? mint(family) : undefined
      close(send, isRotated ? 'rotated' : 'kept')
      note({ type: 'delivered', by: send.by, family, token, bearer })
      tells(family.user, token, bearer)
    }
    const all: Record<Outcome, () => void> = {
      ok: () => renewed(true),
      keep: () => renewed(false),
      foreign() {
        rotate(family)
        close(send, 'rotated')
        // Of somebody else's nothing may be used: not even to revoke it.
        const theirs = add('mallory')
        tells(theirs.user, tokenOf(theirs), mint(theirs))
      },
      noBearer: () => renewed(true, false),
      refused: () => says({ kind: 'refused', cause: 'network' }),
      rejected: () => says({ kind: 'rejected', reason: 'refreshRejected' }),
      unknown: () => says({ kind: 'unknown', cause: 'network', answered: false }),
      answered: () => says({ kind: 'unknown', cause: 'refreshFailed', answered: true }),
      lost() {
        rotate(family)
        says({ kind: 'unknown', cause: 'network', answered: false })
      },
      consumed() {
        rotate(family)
        says({ kind: 'unknown', cause: 'consumed', answered: true, consumed: true })
      },
      unsupported: () => says({ kind: 'unsupported', forGood: false }),
      forGood: () => says({ kind: 'unsupported', forGood: true }),
    }
    const isReuse = send.index !== family.index || revoked.has(send.token)
    // What an answer after the deadline may still bring is the tokens.
    const fits = (outcome: Outcome) =>
      isGivenUp()
        ? outcome === 'ok' && !isReuse
        : !isReuse || ['refused', 'rejected', 'unknown', 'answered'].includes(outcome)
    const answer = (outcome: Outcome) => () => {
      answers.set(`${send.by} ${send.token}`, outcome)
      all[outcome]()
    }
    return Object.fromEntries(outcomes.filter(fits).map((outcome) => [outcome, answer(outcome)]))
  }

  function strategy(by: string): SessionStrategy {
    return {
      needsRefreshToken: true,
      resend,
      refresh(request: RefreshRequest) {
        const known = issuer.token(request.refreshToken ?? '')
        if (!known) throw new Error('a token from nowhere')
        // As with every `fetch`: what was aborted before does not leave.
        if (request.signal.aborted)
          return Promise.resolve({ kind: 'unknown', cause: 'timeout', answered: false })
        const send: Send = { by, token: request.refreshToken ?? '', ...known, at: clock.now() }
        note({ type: 'sent', send })
        return new Promise<RefreshOutcome>((resolve) => {
          let isGivenUp = false
          const isLost = () => send.closedAt === undefined && close(send, 'unknown')
          const op = ports.open(by, `refresh ${send.token}`, () => ways(send, () => isGivenUp, resolve), {
            fates: {
              consumed() {
                if (send.index === send.family.index) rotate(send.family)
                isLost()
              },
              'not consumed': isLost,
            },
            detail: () => (isGivenUp ? 'given up' : 'open'),
          })
          request.signal.addEventListener('abort', () => {
            isGivenUp = true
            if (send.closedAt === undefined) close(send, 'unknown')
            superseded.get(send.token)?.()
            superseded.set(send.token, () => ports.close(op))
          })
          superseded.get(send.token)?.()
        })
      },
      revoke(request: RevokeRequest) {
        const { refreshToken } = request
        if (refreshToken) {
          revoked.add(refreshToken)
          note({ type: 'revoked', token: refreshToken })
        }
        return new Promise<boolean>((resolve) => {
          ports.open(by, `revoke ${refreshToken ?? '-'}`, () => ({ done: () => resolve(true) }))
        })
      },
    }
  }
  return {
    strategy,
    bearer: issuer.bearer,
    token: issuer.token,
    families: issuer.families,
    /** Somebody logs in. */
    login(user: string): { readonly family: Family; readonly answer: LoginAnswer } {
      const family = add(user)
      const bearer = mint(family)
      const answer = {
        token: bearer.name,
        refreshToken: tokenOf(family),
        user: { id: user },
        expiresAt: START + bearer.endsAt,
      }
      return { family, answer }
    },
    print: () => [
      ...issuer.families.map(({ id, user, index, bearers: all }) => [
        id,
        user,
        index,
        // Of a bearer that is over it does not matter for how long.
        all.map(({ endsAt, isRejected }) => [Math.max(endsAt - clock.now(), -1), isRejected]),
      ]),
      [...revoked].sort(),
      ...answers,
    ],
  }
}

function resultOf(outcome: RefreshOutcome): NonNullable<Send['result']> {
  if (outcome.kind === 'ok') return 'kept'
  if (outcome.kind !== 'unknown') return outcome.kind
  return outcome.consumed ? 'consumed' : outcome.answered ? 'answered' : 'unknown'
}
