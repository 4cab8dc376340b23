import type { AccountName } from './accounts.ts'

export interface LoginAnswer {
  readonly token: string
  readonly user: Record<string, unknown> & { readonly id: string; readonly email: string }
}

export interface LocalLogin extends LoginAnswer {
  /** Value of the `refreshToken` cookie. */
  readonly refreshToken: string
  /** `Cookie` header for the cookie routes. */
  readonly cookie: string
}

export interface OpenidLogin extends LoginAnswer {
  readonly refreshToken?: string
  readonly expiresAt?: number
}

export interface LoginFlows {
  /** Logs in with e-mail and password, and with the second factor where the account has one. Throws on refusal. */
  loginLocal(email: string, password: string): Promise<LocalLogin>
  /**
   * Walks the browser's way through provider and callback to the exchange. Throws on refusal.
   * Where accounts share `(sub, iss)` the named one is touched first, so that it is the newest.
   */
  loginOpenid(account: AccountName): Promise<OpenidLogin>
}
