import { onlineManager, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'xstate-session/react'
import { connectQueryClient, retryUnlessEnded } from 'xstate-session/tanstack-query'
import { reportToInspector } from './reportToInspector.ts'
import { router } from './router.tsx'
import { session } from './session.ts'

const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessEnded } } })
connectQueryClient(session, { queryClient, onlineManager })

// A session that ends on the screen leads to the login page, which knows the way back.
let wasAuthenticated = session.getSnapshot().isAuthenticated
session.subscribe(({ isAuthenticated }) => {
  if (wasAuthenticated && !isAuthenticated) router.invalidate()
  wasAuthenticated = isAuthenticated
})

void reportToInspector(session)

const root = document.getElementById('panel')
if (root)
  createRoot(root).render(
    <StrictMode>
      <SessionProvider session={session}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </SessionProvider>
    </StrictMode>,
  )
