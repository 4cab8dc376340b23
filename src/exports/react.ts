/**
 * A provider and hooks over a session that lives outside of React. Needs the optional peer `react`, 18 or 19.
 *
 * Install: `npm install xstate-session xstate react`
 * @module
 */

export type { SessionUser } from '../../machines/session.types.ts'
export { type ReasonTexts, reasonTexts } from '../react/reasonTexts.ts'
export { SessionGuard, type SessionGuardProps } from '../react/SessionGuard.ts'
export { SessionProvider, type SessionProviderProps } from '../react/SessionProvider.ts'
export { useAccountKey } from '../react/useAccountKey.ts'
export { useExpiryCountdown } from '../react/useExpiryCountdown.ts'
export { type IdleCountdownOptions, useIdleCountdown } from '../react/useIdleCountdown.ts'
export { useLogout } from '../react/useLogout.ts'
export { useReasonText } from '../react/useReasonText.ts'
export { useSession } from '../react/useSession.ts'
export type { SessionAction } from '../react/useSessionAction.ts'
export { useSessionClient } from '../react/useSessionClient.ts'
export { useSessionFetch } from '../react/useSessionFetch.ts'
export { useStaySignedIn } from '../react/useStaySignedIn.ts'
export { useUser } from '../react/useUser.ts'
export type { Session } from '../session/session.ts'
