import { describe, expectTypeOf, test } from 'vitest'
import { type AnyActorRef, createActor } from 'xstate'
import {
  createSession,
  createSessionLogic,
  type ExpiredReason,
  type LoggedOutReason,
  type Session,
  type SessionState,
  type SessionUser,
  type StandardSchemaV1,
  sessionOf,
} from 'xstate-session'
import { type BffSession, bffSessionOf, createBffSession } from 'xstate-session/bff'
import { browserOptions } from 'xstate-session/browser'
import { openidStrategy } from 'xstate-session/librechat'
import { selectSession, sessionMachine } from 'xstate-session/machine'
import { type SessionProviderProps, useSession, useSessionClient, useUser } from 'xstate-session/react'
import { reactAdminAuthProvider } from 'xstate-session/react-admin'
import { refineAuthProvider } from 'xstate-session/refine'

import { connectQueryClient } from 'xstate-session/tanstack-query'
import { connectRouter, requireSession } from 'xstate-session/tanstack-router'
import { createFakeSession } from 'xstate-session/testing'
import * as z from 'zod'
import * as mini from 'zod/mini'
import { type LibrechatServerOptions, librechatServer } from '../server/librechatServer.ts'

const user = z.object({ id: z.string(), roles: z.array(z.string()), name: z.nullable(z.string()) })
type User = z.infer<typeof user>
const options = { baseUrl: 'https://backend.test', strategies: { openid: openidStrategy() } }
declare const serverOptions: Omit<LibrechatServerOptions, 'admit'>
declare const ref: AnyActorRef

describe('U50: a session is typed by the schema of its users', () => {
  test('in a page, with and without a server, and from a parent machine', () => {
    expectTypeOf(createSession({ ...options, user })).toEqualTypeOf<Session<User>>()
    expectTypeOf(createSession(browserOptions({ ...options, user }))).toEqualTypeOf<Session<User>>()
    expectTypeOf(createBffSession({ user })).toEqualTypeOf<BffSession<User>>()
    expectTypeOf(createSessionLogic({ ...options, user })).toEqualTypeOf(createSessionLogic(options))
    expectTypeOf(sessionOf<User>(ref)).toEqualTypeOf<Session<User>>()
    expectTypeOf(bffSessionOf<User>(ref)).toEqualTypeOf<BffSession<User>>()
  })

  test('without one the known fields are its user', () => {
    expectTypeOf(createSession(options)).toEqualTypeOf<Session<SessionUser>>()
    expectTypeOf(createBffSession()).toEqualTypeOf<BffSession<SessionUser>>()
    expectTypeOf(sessionOf(ref)).toEqualTypeOf<Session>()
  })

  test('what a schema gives counts, not what it reads', () => {
    const roles = z.string().transform((text) => new Set(text.split(' ')))
    const session = createSession({ ...options, user: z.object({ id: z.string(), roles }) })
    expectTypeOf(session.getSnapshot().user).toEqualTypeOf<{ id: string; roles: Set<string> } | null>()
    const small = mini.object({ id: mini.string() })
    expectTypeOf(createSession({ ...options, user: small })).toEqualTypeOf<Session<{ id: string }>>()
    const own = {} as StandardSchemaV1<unknown, { id: string; team: number }>
    expectTypeOf(createBffSession({ user: own })).toEqualTypeOf<BffSession<{ id: string; team: number }>>()
  })

  test('a user has an id', () => {
    // @ts-expect-error: nobody knows who that is
    createSession({ ...options, user: z.object({ roles: z.array(z.string()) }) })
    // @ts-expect-error: this is no schema
    createSession({ ...options, user: { id: 'string' } })
  })

  test('listeners and selectors', () => {
    createSession({ ...options, user }).subscribe((state) => {
      expectTypeOf(state).toEqualTypeOf<SessionState<User>>()
    })
    const snapshot = createActor(sessionMachine).getSnapshot()
    expectTypeOf(selectSession<User>(snapshot)).toEqualTypeOf<SessionState<User>>()
    expectTypeOf(selectSession(snapshot)).toEqualTypeOf<SessionState>()
  })

  test('the session of a request', async () => {
    const server = librechatServer({ ...serverOptions, user })
    const session = await server.getSession(new Request('https://admin.example'))
    expectTypeOf(session.user).toEqualTypeOf<User | null>()
    if (session.user === null) expectTypeOf(session.login).toBeNull()
    else expectTypeOf(session.login).toBeString()
    const plain = await librechatServer(serverOptions).getSession(new Request('https://admin.example'))
    expectTypeOf(plain.user).toEqualTypeOf<SessionUser | null>()
  })
})

describe('U50: what reads a session carries its type', () => {
  const session = createSession({ ...options, user })

  test('hooks', () => {
    expectTypeOf(useUser<User>()).toEqualTypeOf<User | null>()
    expectTypeOf(useUser()).toEqualTypeOf<SessionUser | null>()
    expectTypeOf(useSession<User>()).toEqualTypeOf<SessionState<User>>()
    expectTypeOf(useSession()).toEqualTypeOf<SessionState>()
    expectTypeOf(useSession((state: SessionState<User>) => state.user?.roles)).toEqualTypeOf<
      string[] | undefined
    >()
    expectTypeOf(useSession(({ user }) => user?.email)).toEqualTypeOf<string | undefined>()
    expectTypeOf(useSessionClient<Session<User>>()).toEqualTypeOf<Session<User>>()
    expectTypeOf<SessionProviderProps>().toExtend<object>()
    ;({ session }) satisfies SessionProviderProps
  })

  test('adapters', () => {
    const login = async () => undefined
    const permissionsOf = (state: SessionState<User>) => state.user?.roles
    reactAdminAuthProvider(session, { login, permissionsOf })
    refineAuthProvider(session, { login, permissionsOf })
    refineAuthProvider(session, { login, permissionsOf: ({ user }) => user?.roles })
    // @ts-expect-error: these users have no badge
    refineAuthProvider(session, { login, permissionsOf: ({ user }) => user?.badge })
    requireSession(session, { toLogin: () => new Error() })
    connectQueryClient(session, { queryClient: {} as never })
    connectRouter(session, {} as never)
  })

  test('fakes', () => {
    const fake = createFakeSession<User>({ state: 'active', user: { id: 'ada', roles: [], name: null } })
    expectTypeOf(fake).toEqualTypeOf<Session<User>>()
    // @ts-expect-error: this user has no roles
    createFakeSession<User>({ state: 'active', user: { id: 'ada' } })
  })
})

describe('U50: the state narrows', () => {
  const state = createSession({ ...options, user }).getSnapshot()

  test('by its name', () => {
    switch (state.state) {
      case 'active':
      case 'nearingExpiry':
      case 'refreshing':
      case 'retrying':
        expectTypeOf(state.user).toEqualTypeOf<User>()
        expectTypeOf(state.reason).toBeNull()
        expectTypeOf(state.isPending).toEqualTypeOf<false>()
        return
      case 'expired':
        expectTypeOf(state.user).toEqualTypeOf<User | null>()
        expectTypeOf(state.reason).toEqualTypeOf<ExpiredReason>()
        expectTypeOf(state.isUsable).toEqualTypeOf<false>()
        return
      case 'loggedOut':
        expectTypeOf(state.user).toBeNull()
        expectTypeOf(state.reason).toEqualTypeOf<LoggedOutReason>()
        expectTypeOf(state.isPending).toBeBoolean()
        return
      default:
        state satisfies never
    }
  })

  test('by what it says', () => {
    if (state.isAuthenticated) expectTypeOf(state.user.roles).toEqualTypeOf<string[]>()
    // @ts-expect-error: nobody may be logged in
    else expectTypeOf(state.user.roles)
    if (state.reason === null) expectTypeOf(state.user).toEqualTypeOf<User>()
    if (state.isPending) expectTypeOf(state.user).toBeNull()
  })

  test('every member can be asked for in every state', () => {
    expectTypeOf(state.expiresAt).toEqualTypeOf<number | undefined>()
    expectTypeOf(state.retryAt).toEqualTypeOf<number | undefined>()
    expectTypeOf(state.idleEndsAt).toEqualTypeOf<number | undefined>()
  })
})
