import { createSession, type SessionNotice } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { openidStrategy } from 'xstate-session/librechat'

/** A page without a server of its own: it calls the backend of another origin. Its parts are there for tests. */
const query = new URLSearchParams(location.search)
const notices: SessionNotice[] = []
const session = createSession(
  browserOptions({
    baseUrl: query.get('backend') ?? '',
    name: query.get('name') ?? 'xstate-session',
    strategies: { openid: openidStrategy() },
    vault: query.get('vault') === 'shared' ? 'shared' : 'memory',
    refresh: 'onDemand',
    leadTimeMs: 5_000,
    observe: (notice) => notices.push(notice),
  }),
)
const show = () => {
  const { state, version } = session.getSnapshot()
  document.body.textContent = `${state} ${version}`
}
session.subscribe(show)
show()
Object.assign(window, { session, notices })
