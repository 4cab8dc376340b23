import { createRootRoute, createRoute, createRouter, Navigate, redirect } from '@tanstack/react-router'
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
  validateSearch: (search): { returnTo?: string; error?: string } => ({
    ...(typeof search.returnTo === 'string' && { returnTo: search.returnTo }),
    ...(typeof search.error === 'string' && { error: search.error }),
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
