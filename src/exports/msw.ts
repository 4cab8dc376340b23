export { createMockBackend } from '../msw/createMockBackend.ts'
export type { MockFailure, MockRoute } from '../msw/failures.ts'
export type { MockBackend, MockBackendOptions, MockLogin, MockPresentation } from '../msw/mockBackend.ts'
export type { MockUser } from '../msw/users.ts'
