import { LoginFailed, Misconfigured } from '../base/errors.ts'
import type { ServerContext } from './context.ts'
import type { LoginRefusal, LoginStep } from './serverLogin.ts'

/** Remembers whether a login works. */
export function noted(logins: ServerContext['logins'], name: string, step: LoginStep | undefined) {
  if (!step) return step
  if (!('refused' in step)) logins.note(name, true)
  // Because of what is behind it.
  else if (step.refused.status >= 500) logins.note(name, false)
  // What strangers can say by themselves says nothing of who is behind the login.
  else if (step.refused.backendStatus !== undefined) logins.note(name, true)
  return step
}

/** What a login by redirect comes to whose begin has thrown. */
export function unbegun(logins: ServerContext['logins'], name: string, error: unknown): LoginRefusal {
  if (error instanceof Misconfigured) logins.note(name, false)
  if (!(error instanceof LoginFailed)) throw error
  const isInput = error.reason === 'invalid_request'
  if (!isInput) logins.note(name, false)
  return { status: isInput ? 400 : 503, code: error.reason }
}
