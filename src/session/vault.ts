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

/** Keeps the tokens of one session in a closure, with their position. */
export function createVault() {
  let position: Position = { epoch: 0, version: 0 }
  let tokens: Tokens = {}
  let replaced: Tokens[] = []
  let authorization: string | undefined
  return {
    position: () => position,
    tokens: () => tokens,
    /**
     * The `Authorization` for `bearer`. It is made once, because a new text would be joined and checked at every send.
     */
    authorization(bearer: string): string {
      if (bearer !== tokens.bearer) return `Bearer ${bearer}`
      authorization ??= `Bearer ${bearer}`
      return authorization
    },
    /** A login. Everything of earlier epochs is deleted. */
    open(at: Position, first: Tokens) {
      position = at
      tokens = first
      authorization = undefined
      replaced = []
    },
    /** A renewal: it accepts only a newer version of the same epoch. */
    commit(at: Position, next: Tokens): boolean {
      if (at.epoch !== position.epoch || at.version <= position.version) return false
      replaced = [tokens, ...replaced].slice(0, REMEMBERED)
      position = at
      tokens = next
      authorization = undefined
      return true
    },
    /** An answer that repeats a token which was already replaced is an old one. */
    isStale: ({ bearer, refreshToken }: Tokens) =>
      replaced.some(
        (old) =>
          (bearer !== undefined && bearer === old.bearer && bearer !== tokens.bearer) ||
          (refreshToken !== undefined &&
            refreshToken === old.refreshToken &&
            refreshToken !== tokens.refreshToken),
      ),
    dropRefreshToken() {
      tokens = tokens.bearer === undefined ? {} : { bearer: tokens.bearer }
    },
    /** The end of the epoch. Its position stays, so that late results recognise it. */
    empty() {
      tokens = {}
      authorization = undefined
      replaced = []
    },
  }
}

export type Vault = ReturnType<typeof createVault>
