import type { SessionNotice } from 'xstate-session'
import { createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'

/** A page behind its server, which keeps what it is told. */
const notices: SessionNotice[] = []
const session = createBffSession({ page: browserPage(), observe: (notice) => notices.push(notice) })
session.subscribe(() => {})
Object.assign(window, { behind: { session, notices } })
