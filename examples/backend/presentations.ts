import { createHash } from 'node:crypto'

/**
 * What became of one refresh token, as the server knows it.
 * `ok-rotated`: a successor was issued and sent. `ok-same`: sent, and the token is still the current one.
 * `refused`: not processed. `rejected`: a definitive no. `unknown-to-client`: processed, or on its way to
 * being so, but the answer does not tell.
 */
export type PresentationOutcome = 'ok-rotated' | 'ok-same' | 'refused' | 'rejected' | 'unknown-to-client'

/** One arrival of a refresh token. Never the token itself. */
export interface Presentation {
  readonly sequence: number
  /** Backend clock, milliseconds since the Unix epoch. */
  readonly at: number
  readonly route: 'openidRefresh' | 'cookieRefresh'
  readonly tokenHash: string
  readonly tokenKind: 'openid' | 'local'
  outcome: PresentationOutcome
  /** The token is no longer the current one of its session, or not valid any more. */
  spent: boolean
  /** Whether an answer left the server whole. */
  answered: boolean
  status: number | undefined
  errorCode: string | undefined
  /** Hash of the token that was sent back. */
  successorHash: string | undefined
  userId: string | undefined
  readonly tenant: string | undefined
  readonly attemptId: string | undefined
}

/** First 16 hexadecimal digits of SHA-256: enough to tell tokens apart, useless to a thief. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16)
}

export interface PresentationLog {
  readonly presentations: readonly Presentation[]
  /** Presentations by token, in order of arrival. */
  presentationsPerToken(): Map<string, Presentation[]>
  /**
   * Presentations of a token that had been rotated away or rejected before: what a correct client never does.
   * A repeat after `refused`, `ok-same` or `unknown-to-client` is not listed.
   */
  replays(): Presentation[]
  add(
    entry: Pick<Presentation, 'at' | 'route' | 'tokenKind' | 'tenant' | 'attemptId'> & { token: string },
  ): Presentation
  reset(): void
}

export function createPresentationLog(): PresentationLog {
  const presentations: Presentation[] = []
  let sequence = 0

  function presentationsPerToken(): Map<string, Presentation[]> {
    const perToken = new Map<string, Presentation[]>()
    for (const presentation of presentations) {
      const uses = perToken.get(presentation.tokenHash)
      if (uses) uses.push(presentation)
      else perToken.set(presentation.tokenHash, [presentation])
    }
    return perToken
  }

  return {
    presentations,
    presentationsPerToken,
    replays() {
      return [...presentationsPerToken().values()].flatMap((uses) =>
        uses.filter((_, index) =>
          uses
            .slice(0, index)
            .some((earlier) => earlier.outcome === 'ok-rotated' || earlier.outcome === 'rejected'),
        ),
      )
    },
    add({ token, ...entry }) {
      sequence += 1
      const presentation: Presentation = {
        ...entry,
        sequence,
        tokenHash: tokenHash(token),
        outcome: 'refused',
        spent: false,
        answered: false,
        status: undefined,
        errorCode: undefined,
        successorHash: undefined,
        userId: undefined,
      }
      presentations.push(presentation)
      return presentation
    },
    reset() {
      presentations.length = 0
    },
  }
}
