// main.tsx
import { onlineManager, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'xstate-session/react'
import { connectQueryClient, retryUnlessEnded } from 'xstate-session/tanstack-query'
import { connectRouter } from 'xstate-session/tanstack-router'
import { router } from './router.tsx'
import { session } from './session.ts'

// No storm of retries on an ended session; queries pause while it has no bearer; a logout leaves nothing cached.
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessEnded } } })
connectQueryClient(session, { queryClient, onlineManager })

// A session that ends on the screen leads to the login page; what loaders brought for one user is not shown to the next.
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
