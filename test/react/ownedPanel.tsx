import { type BffFacts, createBffSession } from 'xstate-session/bff'
import { SessionProvider, useUser } from 'xstate-session/react'
import { fakeClock } from '../fakeClock.ts'
import { ada, BASE_URL, LIFE, stubApi } from '../session/fixture.ts'

const facts: BffFacts = {
  user: ada,
  login: 'A'.repeat(43),
  epoch: 3,
  version: 2,
  expiresAt: LIFE,
  serverNow: 0,
}

export const User = () => <p>{useUser()?.email ?? 'nobody'}</p>

/** A panel whose provider makes its session from the facts of a loader. */
export function panel() {
  const clock = fakeClock()
  const api = stubApi(() => Response.json({ error: 'no_session' }, { status: 401 }))
  const made: ReturnType<typeof createBffSession>[] = []
  const make = () => {
    const session = createBffSession({ baseUrl: BASE_URL, facts, clock, fetch: api.fetch })
    made.push(session)
    return session
  }
  const living = () => made.filter(({ actorRef }) => actorRef.getSnapshot().status === 'active').length
  // Written in line, as everybody does.
  const tree = () => (
    <SessionProvider session={() => make()}>
      <User />
    </SessionProvider>
  )
  return { clock, api, made, living, tree }
}
