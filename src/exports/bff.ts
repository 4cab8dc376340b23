/**
 * A session of a page whose server keeps the tokens: no vault, no store, no strategy, and no bearer in the page.
 *
 * Install: `npm install xstate-session xstate`
 * @module
 */

export type { SessionContext } from '../../machines/session.context.ts'
export type { SessionEvent, TransitionNotice } from '../../machines/session.events.ts'
export type { PortInput, RefreshInput } from '../../machines/session.ports.ts'
export type { ExpiredReason, SessionTag, SessionUser, UserIdentity } from '../../machines/session.types.ts'
export { loginErrorText, loginErrorTexts } from '../base/loginErrorText.ts'
export { createBffSession } from '../bff/createBffSession.ts'
export { bffSessionOf, createBffSessionLogic } from '../bff/createBffSessionLogic.ts'
export type { BffFacts } from '../bff/facts.ts'
export type { BffSessionOptions } from '../bff/options.ts'
export type { BffPage, OpenPage, PageGuest, PageSignal, SharedFacts } from '../bff/page.ts'
export type {
  BffCredentials,
  BffLoginStep,
  BffOtherCredentials,
  BffSecondFactor,
  BffSession,
} from '../bff/session.ts'
export type { SessionLogicInput } from '../session/sessionLogic.ts'
