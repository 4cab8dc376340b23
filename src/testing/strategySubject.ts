import { systemClock } from '../base/clock.ts'
import type { RefreshOutcome, RefreshRequest, SessionStrategy } from '../session/strategy.ts'
import { type Received, type Script, scriptedBackend } from './scriptedBackend.ts'

/** What a refresh brings. */
export interface RenewedTokens {
  /** The new access token. */
  readonly bearer: string
  /** Its successor (RFC 6749, section 6). */
  readonly refreshToken: string
}

/** The strategy, and what its backend says. */
export interface StrategyConformanceOptions {
  /** The strategy, for a backend at `baseUrl`, absolute and ending with `/`; called once for each case. */
  create(baseUrl: string): SessionStrategy
  /** How that backend answers a refresh that succeeded and brought these tokens. JSON, and status 200. */
  success(tokens: RenewedTokens): Response
  /**
   * Which tokens the strategy gets to see. `bearer`: a cookie jar keeps the refresh token.
   * @default 'both'
   */
  readonly sees?: 'both' | 'bearer'
  /** What the attempts of the cases carry besides. @default a user id */
  readonly request?: Partial<Pick<RefreshRequest, 'userId' | 'tenantId'>>
  /**
   * Serves `answer` over real connections, on loopback; for strategies that do not take the `fetch` of their attempt,
   * and to see others on the platform's own transport.
   * @default none: the attempts carry a `fetch` that answers
   */
  serve?(answer: (request: Request) => Promise<Response>): Promise<{
    readonly baseUrl: string
    close(): void | Promise<void>
  }>
}

/** Marked, so that they are found wherever they must not be. */
export const SENT = 'canary-sent-W7kQ2x'
export const BROUGHT: RenewedTokens = {
  bearer: 'canary-bearer-V3nR8t',
  refreshToken: 'canary-brought-J5mP9z',
}
/** A cause and a warning are shorter than this part of a token. */
export const isCanary = (text: string) => /canary-|W7kQ2x|V3nR8t|J5mP9z/.test(text)
/** How long a strategy may take that has nothing to wait for, milliseconds. */
const PATIENCE_MS = 3_000

interface Run {
  /** What was resolved to. Rejections are faults of the strategy. */
  readonly outcome: RefreshOutcome
  readonly received: readonly Received[]
}

export interface Subject {
  readonly sees: 'both' | 'bearer'
  success(tokens?: RenewedTokens): Response
  /** One attempt at a backend that answers like this. */
  attempt(script: Script, more?: Partial<RefreshRequest>): Promise<Run>
  /** One attempt that is aborted as soon as its request has arrived. */
  aborted(script: Script): Promise<Run>
  /** What ends the grant, if the strategy does that; each entry is one call at such a backend. */
  revocations(
    script: Script,
  ): Promise<{ readonly answers: readonly unknown[]; readonly received: readonly Received[] }>
  /** What of a request is not allowed to happen twice: the one that spends the token. */
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
        // What ends before its request has arrived is found out by the outcome.
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
