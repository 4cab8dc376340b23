import type { Json, LoginBegin } from './serverLogin.ts'

/** The session of the browser that an attempt may replace: one of the same user, or any. */
export type Purpose = 'stepUp' | 'switchUser'

/** A login that a user has begun. */
export interface Attempt {
  readonly returnTo: string
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly until: number
  /** The login that the browser had when the attempt began, and what the attempt may do to it. */
  readonly replaces?: { readonly login: string; readonly purpose: Purpose }
}

/** The attempts that a callback may belong to. There is one if the provider says which. */
export interface Attempts {
  /** The data that the login kept for them. */
  readonly keep: Json
  readonly list: readonly Attempt[]
}

/** Begins a login at the provider. `kept`: the data of earlier attempts whose callback looks the same. */
export type Begin = (kept?: LoginBegin['kept']) => Promise<{
  readonly location: URL
  readonly state?: string
  readonly keep: Json
}>

/** The attempts of browsers to log in by redirect, at one provider. */
export interface AttemptKeeper<Kept extends Attempts = Attempts> {
  /** Begins one more attempt. Returns the address for the browser, and the `Set-Cookie` lines that keep the attempt. */
  begin(
    request: Request,
    attempt: Omit<Attempt, 'until'>,
    begin: Begin,
  ): Promise<{ readonly location: URL; readonly cookies: readonly string[] }>
  /** The attempts that a callback may belong to, and the `Set-Cookie` lines that delete cookies of a sibling domain. */
  read(
    request: Request,
  ): Promise<{ readonly attempts: Kept | undefined; readonly foreign: readonly string[] }>
  /** Resolves to whether this is the first callback of the attempt. */
  take(attempts: Kept): Promise<boolean>
  /** The `Set-Cookie` lines after the callback of one attempt. */
  done(attempts: Kept): Promise<readonly string[]>
  /** Where the browser goes after the callback of an attempt. */
  wayBack(attempts: Kept): string
}

/** A login may take this long, even if the user sets up a second factor meanwhile. */
export const ATTEMPT_MS = 3_600_000
/** The server drops a longer `returnTo`; the login goes on without it. */
export const MAX_WAY_BACK = 2_000
/** The bytes that a cookie can hold besides its name and attributes. */
export const MAX_BYTES = 3_800
