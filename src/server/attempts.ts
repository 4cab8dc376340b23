import type { Json, LoginBegin } from './serverLogin.ts'

/** Which session of the browser an attempt may replace: one of the same user, or whoever comes. */
export type Purpose = 'stepUp' | 'switchUser'

/** One login that somebody has begun. */
export interface Attempt {
  readonly returnTo: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly until: number
  /** The login that was there when the attempt began, and what it may do to it. */
  readonly replaces?: { readonly login: string; readonly purpose: Purpose }
}

/** The attempts that a callback may belong to: one, where the provider says which. */
export interface Attempts {
  /** What the login has kept of them. */
  readonly keep: Json
  readonly list: readonly Attempt[]
}

/** Begins a login at the provider; `kept`: what is kept of attempts that a callback cannot be told apart from. */
export type Begin = (kept?: LoginBegin['kept']) => Promise<{
  readonly location: URL
  readonly state?: string
  readonly keep: Json
}>

/** The attempts of browsers to log in by redirect, at one provider. */
export interface AttemptKeeper<Kept extends Attempts = Attempts> {
  /** Begins one more. Answers where the browser is to go, and the `Set-Cookie` lines that keep the attempt. */
  begin(
    request: Request,
    attempt: Omit<Attempt, 'until'>,
    begin: Begin,
  ): Promise<{ readonly location: URL; readonly cookies: readonly string[] }>
  /** Those that a callback may belong to; and the `Set-Cookie` lines for what a sibling domain has planted. */
  read(
    request: Request,
  ): Promise<{ readonly attempts: Kept | undefined; readonly foreign: readonly string[] }>
  /** Resolves to whether this is the first callback of the attempt. */
  take(attempts: Kept): Promise<boolean>
  /** The `Set-Cookie` lines after one of them has come back. */
  done(attempts: Kept): Promise<readonly string[]>
  /** Where the one that came back leads. */
  wayBack(attempts: Kept): string
}

/** Longer than a slow login takes that enrols a second factor. */
export const ATTEMPT_MS = 3_600_000
/** A longer way back is dropped: the login goes on without. */
export const MAX_WAY_BACK = 2_000
/** What a cookie may hold beside its name and attributes. */
export const MAX_BYTES = 3_800
