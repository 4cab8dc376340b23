import { onlineManager, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'xstate-session/react'
import { connectQueryClient, retryUnlessEnded } from 'xstate-session/tanstack-query'
import { connectRouter } from 'xstate-session/tanstack-router'
import { router } from './router.tsx'
import { session } from './session.ts'

// No retries after the session has ended. Queries pause while it has no bearer. A logout empties the cache.
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessEnded } } })
connectQueryClient(session, { queryClient, onlineManager })

// If the session ends, the router shows the login page. The next user does not see the data that loaders brought for this user.
connectRouter(session, router)

const container = document.getElementById('panel')
if (container)
  createRoot(container).render(
    <SessionProvider session={session}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </SessionProvider>,
  )
