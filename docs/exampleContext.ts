import type { createServer as createNodeServer } from 'node:http'
import type { createBrowserInspector as createStatelyInspector } from '@statelyai/inspect'
import type {
  QueryClient as TanstackQueryClient,
  onlineManager as tanstackOnlineManager,
} from '@tanstack/react-query'
import type { redirect as tanstackRedirect } from '@tanstack/react-router'
import type { HttpResponse as MswResponse, http as mswHttp } from 'msw'
import type { setupServer as setupMswServer } from 'msw/node'
import type * as pgClient from 'pg'
import type { HttpError as ReactAdminError, localStorageStore as reactAdminLocalStore } from 'ra-core'
import type { ComponentType, useEffect as useReactEffect } from 'react'
import type { createClient as createRedisClient } from 'redis'
import type * as vitest from 'vitest'
import type { setup as setupMachine } from 'xstate'
import type { getShortestPaths as shortestPaths } from 'xstate/graph'
import type {
  Clock,
  Coordinator,
  Session,
  SessionActorRef,
  SessionStore,
  SessionStrategy,
} from 'xstate-session'
import type { BffSession } from 'xstate-session/bff'
import type { OauthProvider, Logins as PageLogins } from 'xstate-session/oauth'
import type { OauthLoginOptions } from 'xstate-session/oauth-login'
import type { ReactAdminAnswer } from 'xstate-session/react-admin'
import type { ServerLogin, SessionServer, SessionServerOptions } from 'xstate-session/server'
import type { RouterLike } from 'xstate-session/tanstack-router'
import type {
  DrivenBackend,
  ModelDriver,
  ModelSnapshot,
  ModelSuite,
  ServerLoginUnderTest,
} from 'xstate-session/testing'
import type * as zod from 'zod'

/** What the examples of docstrings take for granted. */
export interface User {
  readonly id: string
  readonly roles: readonly string[]
}
export declare const session: BffSession & Session
export declare const logins: PageLogins<'keycloak'>
export declare const keycloak: OauthProvider
export declare const server: SessionServer
export declare const serverOptions: Omit<SessionServerOptions, 'admit'>
export declare const actorRef: Session['actorRef']
export declare const strategies: Readonly<Record<string, SessionStrategy>>
export declare const coordinator: Coordinator
export declare const store: SessionStore
/** Of an application. */
export declare const database: {
  read(name: string): ReturnType<SessionStore['read']>
  replace(
    name: string,
    ...change: Parameters<SessionStore['compareAndSet']>
  ): ReturnType<SessionStore['compareAndSet']>
}
export declare const advance: (ms: number) => Promise<void>
export declare const baseUrl: string
export declare const url: string
export declare const secret: string
/** Of the peer: what it is made with is the provider's affair. */
export declare const clientAuth: NonNullable<OauthLoginOptions['clientAuth']>
export declare const serverLogin: ServerLogin
export declare const credentials: NonNullable<ServerLoginUnderTest['credentials']>
export declare const email: string
export declare const password: string
export declare const code: string
export declare const response: Response
export declare const exchange: Response
export declare const request: Request
export declare const upload: XMLHttpRequest
export declare const router: RouterLike
export declare const queryClient: TanstackQueryClient
export declare const onlineManager: typeof tanstackOnlineManager
export declare const QueryClient: typeof TanstackQueryClient
export declare const redirect: typeof tanstackRedirect
export declare const createBrowserInspector: typeof createStatelyInspector
export declare const setupServer: typeof setupMswServer
export declare const HttpError: typeof ReactAdminError
export declare const localStorageStore: typeof reactAdminLocalStore
export declare const simpleRestProvider: (
  url: string,
  client: (url: string) => Promise<ReactAdminAnswer>,
) => object
export declare const httpClient: (url: string | URL, options?: RequestInit) => Promise<ReactAdminAnswer>
export declare const setup: typeof setupMachine
export declare const getShortestPaths: typeof shortestPaths
export declare const useEffect: typeof useReactEffect
export declare const app: { getSnapshot(): { readonly children: { readonly session?: SessionActorRef } } }
export declare const backend: DrivenBackend
export declare const driver: ModelDriver
export declare const suite: ModelSuite
export declare const other: ModelSuite
export declare const snapshot: ModelSnapshot
export declare const clock: Clock
export declare const openPanel: (session: Session) => () => void
export declare const shown: () => string
export declare const show: (response: Response) => void
export declare const now: number
export declare const endsAt: number
export declare const createServer: typeof createNodeServer
export declare const createClient: typeof createRedisClient
export declare const pg: typeof pgClient
export declare const http: typeof mswHttp
export declare const HttpResponse: typeof MswResponse
export declare const test: typeof vitest.test
export declare const expect: typeof vitest.expect
export declare const z: typeof zod
export declare const Settings: ComponentType
export declare const Login: ComponentType
export declare const Admin: ComponentType<{ readonly authProvider: object; readonly dataProvider: object }>
export declare const authProvider: object
export declare const dataProvider: object
