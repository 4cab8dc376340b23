import { LoginFailed } from '../base/errors.ts'

/** Throws the error of a login with that target. */
export const failing = (returnTo: string) => (error: unknown) => {
  throw error instanceof LoginFailed ? new LoginFailed(error.reason, returnTo) : error
}
