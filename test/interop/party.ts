import type { CodeFlow } from '../../src/oauth/codeGrant.ts'

/** Where the clients of a provider are, on this machine: known before a provider starts. */
export interface Places {
  /** A page, with its callback at `callback`; ends with `/`. */
  readonly page: string
  /** A server, with its callback at `session/callback/party`; ends with `/`. */
  readonly server: string
}

/** What the server is registered under, everywhere. */
export const SERVER = {
  id: 'server',
  secret: 'a secret of at least thirty-two characters',
  callback: 'session/callback/party',
  backChannel: 'session/backchannel-logout',
} as const

/** A provider that is up, as the public client `panel` and the confidential client `SERVER` of it see it. */
export interface Party {
  /** What it is, with its version. */
  readonly name: string
  /** How it is set up: what matters for refresh tokens. */
  readonly setting: string
  readonly issuer: string
  readonly places: Places
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly scope: string
  /** How long it takes a refresh token that it has rotated away, as it is set up; milliseconds. */
  readonly graceMs: number
  /** Whether its logout tokens say when they end. */
  readonly hasLogoutExp: boolean
  stop(): Promise<void>
}

/** What a kind of provider is on this machine: its parties, or what is missing and how to get it. */
export type Found = { readonly parties: readonly Party[] } | { readonly missing: string }

/** Where the script sends a browser and what becomes of it; a login through a page and one through a server share it. */
export interface UserAgent {
  /** Follows redirects and fills in forms until an address begins with one of `ends`; answers that address. */
  visit(location: URL, ends: readonly string[]): Promise<URL>
  /** A call of a page, with the cookies of the browser. */
  call(location: URL, init?: RequestInit): Promise<Response>
  /** The cookies that it has, by their names. */
  readonly cookies: ReadonlyMap<string, string>
}

export type Grant = Awaited<ReturnType<CodeFlow['finish']>>
