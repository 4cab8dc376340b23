/**
 * A fake backend for your tests that remembers what it issued and what was spent. Needs the optional peer `msw`.
 *
 * Install: `npm install xstate-session xstate` and `npm install --save-dev msw`
 * @module
 */

export { createMockBackend } from '../msw/createMockBackend.ts'
export type { MockSettings } from '../msw/credentials.ts'
export { type DrivenMockBackend, drivenMockBackend } from '../msw/drivenMockBackend.ts'
export type { MockFailure, MockRoute } from '../msw/failures.ts'
export type { MockBackend, MockBackendOptions, MockLogin, MockPresentation } from '../msw/mockBackend.ts'
export type { MockUser } from '../msw/users.ts'
export type { GatewayAnswer } from '../testing/gatewayAnswers.ts'
