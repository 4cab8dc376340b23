import { createBrowserInspector } from '@statelyai/inspect'
import { inspectSession } from 'xstate-session/inspect'
import { answersOf, live, sessionWithCanaries } from '../life.ts'

/** A page whose session is inspected in a window that it opens, or in a frame. */
const query = new URLSearchParams(location.search)
const iframe = query.get('in') === 'frame' ? document.createElement('iframe') : null
if (iframe) document.body.append(iframe)
const inspector = createBrowserInspector({ url: '/receiver', iframe })

let at = Date.now()
const clock = {
  wall: () => at,
  monotonic: () => at,
  setTimer: () => () => {},
}
const session = sessionWithCanaries(answersOf(at), { clock })
if (query.get('as') === 'stock') session.actorRef.system.inspect(inspector.inspect)
else inspectSession(session, inspector)
await live(session, clock.wall, () => {
  at += 61_000
})
session.dispose()
document.title = 'done'
