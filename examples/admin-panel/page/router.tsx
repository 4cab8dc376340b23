import { createRootRoute, createRoute, createRouter, Navigate, redirect } from '@tanstack/react-router'
import { isOwnPath } from 'xstate-session/browser'
import { requireSession } from 'xstate-session/tanstack-router'
import { Frame } from './Frame.tsx'
import { Guarded } from './Guarded.tsx'
import { Login } from './Login.tsx'
import { Settings } from './Settings.tsx'
import { session } from './session.ts'
import { Users } from './Users.tsx'

const rootRoute = createRootRoute({
  component: Frame,
  notFoundComponent: () => <p>There is no such page.</p>,
})

const login = createRoute({
  getParentRoute: () => rootRoute,
  path: '/login',
  component: Login,
  // Any link can write the way back. What is left out here, the router would leave as it is.
  validateSearch: ({ returnTo, error }): { returnTo?: string | undefined; error?: string | undefined } => ({
    returnTo: isOwnPath(returnTo) ? returnTo : undefined,
    error: typeof error === 'string' ? error : undefined,
  }),
})

/** Every page below is for admins. */
const admin = createRoute({
  getParentRoute: () => rootRoute,
  id: 'admin',
  component: Guarded,
  beforeLoad: requireSession(session, {
    toLogin: (returnTo) => redirect({ to: '/login', search: { returnTo } }),
  }),
})

const home = createRoute({
  getParentRoute: () => admin,
  path: '/',
  component: () => <Navigate to="/users" />,
})
const users = createRoute({ getParentRoute: () => admin, path: '/users', component: Users })
const settings = createRoute({ getParentRoute: () => admin, path: '/settings', component: Settings })

export const router = createRouter({
  routeTree: rootRoute.addChildren([login, admin.addChildren([home, users, settings])]),
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
