import { systemClock } from '../base/clock.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from '../session/strategy.ts'
import { type Received, type Script, scriptedBackend } from './scriptedBackend.ts'

/** The tokens that a refresh brings. */
export interface RenewedTokens {
  /** The new access token. */
  readonly bearer: string
  /** The new refresh token (RFC 6749, section 6). */
  readonly refreshToken: string
}

/** The strategy and its backend. */
export interface StrategyConformanceOptions {
  /** Makes the strategy for a backend at `baseUrl`, an absolute URL that ends with `/`. Called once for each case. */
  create(baseUrl: string): SessionStrategy
  /** The backend's answer to a refresh that brings these tokens: JSON with status 200. */
  success(tokens: RenewedTokens): Response
  /**
   * The tokens that the strategy sees. `bearer`: a cookie jar keeps the refresh token.
   * @default 'both'
   */
  readonly sees?: 'both' | 'bearer'
  /** The other members of each attempt. @default a user id */
  readonly request?: Partial<Pick<RefreshRequest, 'userId' | 'tenantId'>>
  /**
   * Serves `answer` over real connections on loopback. Use it for a strategy that does not use the `fetch` of its attempt,
   * or to test a strategy on the platform's own transport.
   * @default none: each attempt has a `fetch` that answers
   */
  serve?(answer: (request: Request) => Promise<Response>): Promise<{
    readonly baseUrl: string
    close(): void | Promise<void>
  }>
}

/** Tokens with a mark, so that the cases find them in every wrong place. */
export const SENT = 'canary-sent-W7kQ2x'
export const BROUGHT: RenewedTokens = {
  bearer: 'canary-bearer-V3nR8t',
  refreshToken: 'canary-brought-J5mP9z',
}
/** No cause and no warning contains this part of a token. */
export const isCanary = (text: string) => /canary-|W7kQ2x|V3nR8t|J5mP9z/.test(text)
/** How long a strategy may take if it has nothing to wait for; milliseconds. */
const PATIENCE_MS = 3_000

interface Run {
  /** The outcome. A rejection is a fault of the strategy. */
  readonly outcome: RefreshOutcome
  readonly received: readonly Received[]
}

export interface Subject {
  readonly sees: 'both' | 'bearer'
  success(tokens?: RenewedTokens): Response
  /** Makes one attempt at a backend that answers like this. */
  attempt(script: Script, more?: Partial<RefreshRequest>): Promise<Run>
  /** Makes one attempt, and aborts it as soon as its request has arrived. */
  aborted(script: Script): Promise<Run>
  /** Revokes the grant, if the strategy can do that. Each entry is one call at such a backend. */
  revocations(
    script: Script,
  ): Promise<{ readonly answers: readonly unknown[]; readonly received: readonly Received[] }>
  /** The requests that spend the token, and so must not happen twice. */
  spends(received: readonly Received[]): number
  readonly needsRefreshToken: boolean
  /** The kind of each of two strategies that were made alike. */
  readonly kinds: readonly unknown[]
}

export function subjectOf({
  create,
  success: answerOf,
  sees = 'both',
  request,
  serve,
}: StrategyConformanceOptions): Subject {
  const success = (tokens = BROUGHT) => answerOf(tokens)

  async function at<T>(
    script: Script,
    use: (strategy: SessionStrategy, made: Made) => Promise<T>,
  ): Promise<T> {
    const backend = scriptedBackend(script, success)
    const { baseUrl, close } = serve
      ? await serve(backend.answer)
      : { baseUrl: 'https://backend.test/', close: () => {} }
    const attempt = (more: Partial<RefreshRequest> = {}): RefreshRequest => ({
      baseUrl,
      ...(sees === 'both' && { refreshToken: SENT }),
      userId: 'user-1',
      attemptId: 'attempt-1',
      signal: new AbortController().signal,
      ...(!serve && { fetch: backend.fetch }),
      ...request,
      ...more,
    })
    try {
      return await use(create(baseUrl), { ...backend, attempt })
    } finally {
      await close()
    }
  }

  const told = (call: () => Promise<RefreshOutcome>) =>
    within(
      Promise.resolve()
        .then(call)
        .catch(() => {
          throw new Error('It threw. Every failure is an outcome.')
        }),
    )

  return {
    sees,
    success,
    needsRefreshToken: create('https://backend.test/').needsRefreshToken,
    kinds: [create('https://backend.test/').kind, create('https://backend.test/').kind],
    attempt: (script, more) =>
      at(script, async (strategy, { attempt, received }) => ({
        outcome: await told(() => strategy.refresh(attempt(more))),
        received,
      })),
    aborted: (script) =>
      at(script, async (strategy, { attempt, received, arrived }) => {
        const controller = new AbortController()
        const outcome = strategy.refresh(attempt({ signal: controller.signal }))
        // If the attempt ends before its request has arrived, its outcome shows that.
        outcome.catch(() => {})
        await within(Promise.race([arrived, outcome]))
        controller.abort()
        return { outcome: await told(() => outcome), received }
      }),
    revocations: (script) =>
      at(script, async (strategy, { attempt, received }) => {
        const answers: unknown[] = []
        for (const cause of ['logout', 'late'] as const) {
          const ending = strategy.revoke?.({ ...attempt(), bearer: BROUGHT.bearer, cause })
          if (ending) answers.push(await within(ending))
        }
        return { answers, received }
      }),
    spends: (received) =>
      sees === 'both'
        ? received.filter(carriesToken).length
        : received.filter(({ method }) => method !== 'GET').length,
  }
}

interface Made extends ReturnType<typeof scriptedBackend> {
  attempt(more?: Partial<RefreshRequest>): RefreshRequest
}

const carriesToken = ({ url, headers, body }: Received) => `${url}\n${headers}\n${body}`.includes(SENT)

async function within<T>(promise: Promise<T>): Promise<T> {
  let disarm = () => {}
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`It was still waiting after ${PATIENCE_MS} ms.`))
    disarm = systemClock.setTimer(fail, PATIENCE_MS, 'foreground')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    disarm()
  }
}
