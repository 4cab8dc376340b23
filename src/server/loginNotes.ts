import { LoginFailed, Misconfigured } from '../base/errors.ts'
import type { ServerContext } from './context.ts'
import type { LoginRefusal, LoginStep } from './serverLogin.ts'

/** Remembers whether a login works. */
export function noted(logins: ServerContext['logins'], name: string, step: LoginStep | undefined) {
  if (!step) return step
  if (!('refused' in step)) logins.note(name, true)
  // The backend caused the failure.
  else if (step.refused.status >= 500) logins.note(name, false)
  // Errors that strangers can cause say nothing of the login's backend.
  else if (step.refused.backendStatus !== undefined) logins.note(name, true)
  return step
}

/** The result of a login by redirect whose begin threw. */
export function unbegun(logins: ServerContext['logins'], name: string, error: unknown): LoginRefusal {
  if (error instanceof Misconfigured) logins.note(name, false)
  if (!(error instanceof LoginFailed)) throw error
  const isInput = error.reason === 'invalid_request'
  if (!isInput) logins.note(name, false)
  return { status: isInput ? 400 : 503, code: error.reason }
}
