/**
 * A session of a page whose server keeps the tokens: no vault, no store, no strategy, and no bearer in the page.
 * @module
 */

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
