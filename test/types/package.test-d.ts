import { describe, expectTypeOf, test } from 'vitest'
import { createActor, fromCallback, setup } from 'xstate'
import {
  type AnySessionError,
  createSession,
  createSessionLogic,
  type ExpiredReason,
  type RefreshOutcome,
  type Session,
  type SessionNotice,
  type SessionOptions,
  type SessionState,
  type SessionStrategy,
  type SessionUser,
  sessionOf,
} from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { type RefreshInput, type SessionStateName, sessionMachine } from 'xstate-session/machine'
import { type OauthStrategyOptions, oauthProfiles, oauthStrategy } from 'xstate-session/oauth'

const options: SessionOptions = {
  baseUrl: 'https://backend.test',
  strategies: { openid: openidStrategy() },
}
declare const session: Session

describe('createSession', () => {
  test('needs a base URL and strategies, and nothing else', () => {
    expectTypeOf(createSession(options)).toEqualTypeOf<Session>()
    expectTypeOf(createSession<SessionUser>).parameters.toEqualTypeOf<[SessionOptions]>()
    // @ts-expect-error: where should it send?
    createSession({ strategies: {} })
    // @ts-expect-error: how should it refresh?
    createSession({ baseUrl: 'https://backend.test' })
    // @ts-expect-error: no such policy
    createSession({ ...options, refresh: 'always' })
  })

  test('a login names its provider', () => {
    session.login({ token: 't', user: { id: 'u' } }, { provider: 'openid', tenantId: 'acme' })
    // @ts-expect-error: which strategy?
    session.login({ token: 't', user: { id: 'u' } }, {})
    // @ts-expect-error: no token, no login
    session.login({ user: { id: 'u' } }, { provider: 'openid' })
  })

  test('its fetch goes wherever a fetch goes', () => {
    expectTypeOf(session.fetch).toEqualTypeOf<typeof globalThis.fetch>()
  })

  test('what it tells holds no token', () => {
    type Told = keyof SessionState | (SessionNotice extends infer N ? keyof N : never)
    expectTypeOf<Extract<Told, 'token' | 'bearer' | 'refreshToken'>>().toEqualTypeOf<never>()
  })

  test('every reason of an end is told by the state', () => {
    expectTypeOf<ExpiredReason>().toExtend<SessionState['reason']>()
    expectTypeOf<SessionState['state']>().toEqualTypeOf<SessionStateName>()
  })
})

describe('errors', () => {
  test('a switch on the code is exhaustive and narrows', () => {
    function explain(error: AnySessionError): string {
      switch (error.code) {
        case 'session_expired':
          return error.reason
        case 'logged_out':
          return error.reason
        case 'refresh_unavailable':
          return String(error.retryAt)
        case 'login_refused':
        case 'login_failed':
          return error.reason
        case 'session_changed':
        case 'misconfigured':
        case 'invalid_answer':
        case 'redirect_blocked':
        case 'disposed':
          return error.message
        default:
          return error satisfies never
      }
    }
    expectTypeOf(explain).returns.toBeString()
  })
})

describe('strategies', () => {
  test('anyone can write one', () => {
    const mine = {
      needsRefreshToken: true,
      refresh: async ({ refreshToken }) => ({ kind: 'ok', bearer: `for ${refreshToken}` }),
    } satisfies SessionStrategy
    createSession({ ...options, strategies: { mine } })
  })

  test('an outcome is one of five', () => {
    expectTypeOf<RefreshOutcome['kind']>().toEqualTypeOf<
      'ok' | 'refused' | 'rejected' | 'unknown' | 'unsupported'
    >()
    // @ts-expect-error: a rejection says why
    const outcome: RefreshOutcome = { kind: 'rejected' }
    expectTypeOf(outcome).toExtend<RefreshOutcome>()
  })

  test('a profile spreads into the options of the provider', () => {
    expectTypeOf(oauthStrategy).parameter(0).toEqualTypeOf<OauthStrategyOptions>()
    oauthStrategy({ server: 'https://id.test', clientId: 'panel', ...oauthProfiles.okta })
    // @ts-expect-error: a client has an id
    oauthStrategy({ server: 'https://id.test' })
  })
})

describe('the machine', () => {
  test('its ports take implementations of their own types', () => {
    sessionMachine.provide({
      actors: {
        refresh: fromCallback(({ input }: { input: RefreshInput }) => {
          expectTypeOf(input.version).toBeNumber()
        }),
      },
      actions: { reread: () => {} },
    })
    // @ts-expect-error: no such port
    sessionMachine.provide({ actors: { renew: fromCallback(() => {}) } })
  })

  test('a parent machine invokes it without input', () => {
    const parent = setup({ actors: { session: createSessionLogic(options) } }).createMachine({
      invoke: { id: 'session', src: 'session' },
    })
    const child = createActor(parent).getSnapshot().children.session
    if (child) expectTypeOf(sessionOf(child)).toEqualTypeOf<Session>()
  })
})
