/**
 * Logins of `createLogins` in React, beside `xstate-session/react`. Needs the optional peer `react`, 18 or 19.
 *
 * Install: `npm install xstate-session xstate react`
 * @module
 */

export { SignInGuard, type SignInGuardProps, type SignInPrompt } from '../react/SignInGuard.ts'
export { type LoginCallback, useLoginCallback } from '../react/useLoginCallback.ts'
export type { SessionAction } from '../react/useSessionAction.ts'
export { useSignIn } from '../react/useSignIn.ts'
export { type StepUpAction, useStepUp } from '../react/useStepUp.ts'
