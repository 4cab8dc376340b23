// app.machine.ts
import { type ActorRefFrom, assign, fromPromise, setup } from 'xstate'
import { type createSessionLogic, type Session, sessionOf } from 'xstate-session'
import { selectSession } from 'xstate-session/machine'

type SessionLogic = ReturnType<typeof createSessionLogic>
type SessionSnapshot = ReturnType<ActorRefFrom<SessionLogic>['getSnapshot']>

/** The events of the machine. XState sends the session's snapshots as `xstate.snapshot.session`. */
type Event =
  | { type: 'xstate.snapshot.session'; snapshot: SessionSnapshot }
  | { type: 'page.reload' }
  | { type: 'user.signOut' }

const read = (event: Event) =>
  event.type === 'xstate.snapshot.session' ? selectSession(event.snapshot) : undefined

/** The panel's own machine. It invokes the session, and follows its snapshots. */
export const appMachine = setup({
  types: {
    context: {} as { items: readonly string[] },
    events: {} as Event,
    children: {} as { session: 'session' },
  },
  actors: {
    session: {} as SessionLogic,
    load: fromPromise<readonly string[], { session: Session }>(async ({ input, signal }) => {
      const answer = await input.session.fetch('/api/admin/users', { signal })
      if (!answer.ok) throw new Error(`The backend answered ${answer.status}.`)
      const { users } = (await answer.json()) as { users: { email: string }[] }
      return users.map(({ email }) => email)
    }),
  },
  guards: {
    isSignedIn: ({ event }) => read(event)?.isAuthenticated === true,
    isSignedOut: ({ event }) => read(event)?.isAuthenticated === false && !read(event)?.isPending,
  },
  actions: {
    forget: assign({ items: [] }),
    signOut: ({ self }) => void sessionIn(self.getSnapshot().children).logout(),
  },
}).createMachine({
  context: { items: [] },
  invoke: { id: 'session', src: 'session', onSnapshot: {} },
  initial: 'starting',
  states: {
    starting: {
      description: 'The page does not know yet whether a user is logged in.',
      on: {
        'xstate.snapshot.session': [
          { guard: 'isSignedIn', target: 'signedIn' },
          { guard: 'isSignedOut', target: 'signedOut' },
        ],
      },
    },
    signedOut: {
      entry: 'forget',
      on: { 'xstate.snapshot.session': { guard: 'isSignedIn', target: 'signedIn' } },
    },
    signedIn: {
      initial: 'loading',
      on: {
        'xstate.snapshot.session': { guard: 'isSignedOut', target: 'signedOut' },
        'page.reload': '.loading',
        'user.signOut': { actions: 'signOut' },
      },
      states: {
        loading: {
          invoke: {
            src: 'load',
            input: ({ self }) => ({ session: sessionIn(self.getSnapshot().children) }),
            onDone: { target: 'ready', actions: assign({ items: ({ event }) => event.output }) },
            onError: 'failed',
          },
        },
        ready: {},
        failed: { description: 'Loading has failed. If the session has ended, its next snapshot says so.' },
      },
    },
  },
})

/** The session of a running panel. */
export function sessionIn(children: { session?: ActorRefFrom<SessionLogic> | undefined }): Session {
  if (!children.session) throw new Error('The panel does not run.')
  return sessionOf(children.session)
}
