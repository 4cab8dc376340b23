import { createRoot } from 'react-dom/client'
import { createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import {
  SessionGuard,
  SessionProvider,
  useExpiryCountdown,
  useIdleCountdown,
  useLogout,
  useReasonText,
  useSession,
  useSessionClient,
  useSessionFetch,
  useStaySignedIn,
  useUser,
} from 'xstate-session/react'

/** A page with a component for each hook, which counts how often it renders, behind a server that the page plays. */
const LIFE_MS = 60_000
let version = 0
let counts: Record<string, number> = {}
const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>()

const count = (name: string) => {
  counts[name] = (counts[name] ?? 0) + 1
}
const facts = (more: object = {}) => ({
  user: { id: 'ada', name: 'Ada', email: 'ada@example.com', role: 'ADMIN', ...more },
  login: 'A'.repeat(43),
  epoch: 1,
  version: ++version,
  expiresAt: Date.now() + LIFE_MS,
  serverNow: Date.now(),
})

const session = createBffSession({
  facts: null,
  page: browserPage(),
  leadTimeMs: 10_000,
  idleTimeoutMs: 40_000,
  random: () => 0,
  fetch: async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    if (pathname === '/session/login') return Response.json(facts())
    if (pathname !== '/session/refresh') return Response.json({})
    return new Promise((resolve) => {
      ask(() => resolve(Response.json(facts())))
    })
  },
})

function Whole() {
  count('useSession()')
  return <p data-testid="version">{useSession().version}</p>
}

function State() {
  count('useSession(state)')
  return <p data-testid="state">{useSession(({ state }) => state)}</p>
}

function Members() {
  count('useSession(members)')
  const { provider, isUsable } = useSession(({ provider, isUsable }) => ({ provider, isUsable }))
  return <p>{isUsable && provider}</p>
}

function User() {
  count('useUser()')
  return <p>{useUser()?.name}</p>
}

function Client() {
  count('useSessionClient()')
  const { origin } = new URL(location.href)
  return <p>{useSessionClient() && origin}</p>
}

function Fetch() {
  count('useSessionFetch()')
  return <p>{typeof useSessionFetch()}</p>
}

function Expiry() {
  count('useExpiryCountdown()')
  return <p data-testid="expiry">{useExpiryCountdown()}</p>
}

function Idle() {
  count('useIdleCountdown()')
  return <p data-testid="idle">{useIdleCountdown({ withinMs: 20_000 })}</p>
}

function Stay() {
  count('useStaySignedIn()')
  return <p>{useStaySignedIn().status}</p>
}

function Logout() {
  count('useLogout()')
  const logout = useLogout()
  return (
    <button type="button" onClick={logout.mutate}>
      log out
    </button>
  )
}

function NoReason() {
  count('useReasonText() of nothing')
  return <p>{useReasonText()}</p>
}

function Reason() {
  count('useReasonText()')
  return <p data-testid="reason">{useReasonText()}</p>
}

function Guarded() {
  count('<SessionGuard>')
  return (
    <>
      <Whole />
      <State />
      <Members />
      <User />
      <Client />
      <Fetch />
      <Expiry />
      <Idle />
      <Stay />
      <Logout />
      <NoReason />
    </>
  )
}

function App() {
  count('<SessionProvider>')
  return (
    <SessionGuard fallback={<Reason />}>
      <Guarded />
    </SessionGuard>
  )
}

const page = {
  login: () => session.login({ email: 'ada@example.com', password: 'secret' }),
  /** The server answers the refresh that waits, or that comes: the same user, as another object. */
  answer: () => asked.then((answer) => answer()),
  /** What has rendered since the last time. */
  take() {
    const taken = counts
    counts = {}
    return taken
  },
}
export type RendersPage = typeof page
Object.assign(window, { page })

createRoot(document.body.appendChild(document.createElement('main'))).render(
  <SessionProvider session={session}>
    <App />
  </SessionProvider>,
)
