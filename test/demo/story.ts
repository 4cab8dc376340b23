import type { AnySessionState, SessionNotice, SessionState } from 'xstate-session'
import type { Presentation, PresentationOutcome } from '../../examples/backend/presentations.ts'
import type { RequestRecord } from '../../examples/backend/requestLog.ts'
import type { Evidence, Step } from '../../examples/demo/evidence.ts'

export const facts = (some: Partial<AnySessionState> = {}): SessionState => ({
  state: 'active',
  isAuthenticated: true,
  isUsable: true,
  shouldOfferLogin: false,
  isPending: false,
  user: { id: 'u1' },
  provider: 'openid',
  reason: null,
  epoch: 1,
  version: 1,
  ...(some as object),
})

let sequence = 0

/** A refresh token that arrives; `token` is its hash. */
export const presentation = (
  token: string,
  outcome: PresentationOutcome,
  some: Partial<Presentation> = {},
): Presentation => ({
  sequence: ++sequence,
  at: 1_000,
  route: 'openidRefresh',
  tokenHash: token,
  tokenKind: 'openid',
  outcome,
  spent: false,
  answered: true,
  status: 200,
  errorCode: undefined,
  successorHash: undefined,
  userId: 'u1',
  tenant: undefined,
  attemptId: undefined,
  ...some,
})

export const request = (path: string, status: number, some: Partial<RequestRecord> = {}): RequestRecord => ({
  sequence: ++sequence,
  at: 1_000,
  method: 'GET',
  path,
  tenant: undefined,
  authorized: true,
  bearerHash: 'b1',
  origin: undefined,
  attemptId: undefined,
  cookies: [],
  status,
  ...some,
})

export const calls = (count: number, status: number): RequestRecord[] =>
  Array.from({ length: count }, () => request('/api/admin/users', status))

export const results = (count: number, result: string): string[] => new Array<string>(count).fill(result)

export const sent = (attemptId: string): SessionNotice => ({
  type: 'refreshSent',
  attemptId,
  epoch: 1,
  version: 1,
})

export const step = (state: Step['state'], expiresAt?: number): Step => ({ at: 0, state, expiresAt })

/** A session to which nothing happened, but for what is given. */
export const evidence = (some: Partial<Evidence> = {}): Evidence => ({
  before: facts(),
  after: facts(),
  steps: [],
  notices: [],
  answers: [],
  requests: [],
  presentations: [],
  ...some,
})
