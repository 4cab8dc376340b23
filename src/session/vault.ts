import type { Position } from '../../machines/session.types.ts'

/** The tokens, which the chart must never see. */
export interface Tokens {
  readonly bearer?: string
  readonly refreshToken?: string
}

export const toTokens = (bearer: string | undefined, refreshToken: string | undefined): Tokens => ({
  ...(bearer && { bearer }),
  ...(refreshToken && { refreshToken }),
})

/** The number of replaced tokens that are recognised when a gateway replays an old answer. */
const REMEMBERED = 4

const START: Position = { epoch: 0, version: 0 }
const NO_TOKENS: Tokens = {}

/** Keeps the tokens of one session, with their position. Its fields are private, so that no log shows them. */
export class Vault {
  #position = START
  #tokens = NO_TOKENS
  #replaced: readonly Tokens[] | undefined
  #authorization: string | undefined

  position(): Position {
    return this.#position
  }

  tokens(): Tokens {
    return this.#tokens
  }

  /**
   * The `Authorization` for `bearer`. It is made once, because a new text would be joined and checked at every send.
   */
  authorization(bearer: string): string {
    if (bearer !== this.#tokens.bearer) return `Bearer ${bearer}`
    this.#authorization ??= `Bearer ${bearer}`
    return this.#authorization
  }

  /** A login. Everything of earlier epochs is deleted. */
  open(at: Position, first: Tokens): void {
    this.#position = at
    this.#put(first)
  }

  /** A renewal: it accepts only a newer version of the same epoch. */
  commit(at: Position, next: Tokens): boolean {
    const { epoch, version } = this.#position
    if (at.epoch !== epoch || at.version <= version) return false
    this.#position = at
    this.#put(next, [this.#tokens, ...(this.#replaced ?? [])].slice(0, REMEMBERED))
    return true
  }

  /** An answer that repeats a token which was already replaced is an old one. */
  isStale({ bearer, refreshToken }: Tokens): boolean {
    const now = this.#tokens
    return !!this.#replaced?.some(
      (old) =>
        (bearer !== undefined && bearer === old.bearer && bearer !== now.bearer) ||
        (refreshToken !== undefined &&
          refreshToken === old.refreshToken &&
          refreshToken !== now.refreshToken),
    )
  }

  dropRefreshToken(): void {
    this.#tokens = toTokens(this.#tokens.bearer, undefined)
  }

  /** The end of the epoch. Its position stays, so that late results recognise it. */
  empty(): void {
    this.#put(NO_TOKENS)
  }

  #put(tokens: Tokens, replaced?: readonly Tokens[]) {
    this.#tokens = tokens
    this.#replaced = replaced
    this.#authorization = undefined
  }
}
