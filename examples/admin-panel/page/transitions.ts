import { session } from './session.ts'
import { type Tone, timeline } from './timeline.ts'

export interface Taken {
  readonly from: string
  readonly to: string
  readonly event: string
  readonly at: number
}

const TONES: Readonly<Record<string, Tone>> = {
  active: 'good',
  nearingExpiry: 'wait',
  refreshing: 'wait',
  retrying: 'wait',
  expired: 'bad',
  loggedOut: 'plain',
}

/** What a transition means to who has never seen one. */
const CAUSES: Readonly<Record<string, string>> = {
  'session.started': 'a login, or a session found at page load',
  'session.ended': 'a logout, here or elsewhere',
  'session.renewed': 'there is a new bearer',
  'time.checked': 'its time has come',
  'refresh.asked': 'somebody asked for a bearer',
  'bearer.rejected': 'a call was answered with 401',
  'refresh.refused': 'not processed: nothing is lost, try again',
  'refresh.unknown': 'no answer: nobody knows what became of it',
  'refresh.rejected': 'a definitive no',
  'refresh.unsupported': 'the backend cannot refresh this',
  'network.restored': 'the network is back',
  'user.changed': 'the user is back',
}

let taken: Taken | undefined
let before = session.getSnapshot().state as string
const listeners = new Set<() => void>()

/** Follows the machine itself. What it shows holds no token, because the machine knows none. */
session.actorRef.system.inspect((inspected) => {
  if (inspected.type !== '@xstate.snapshot' || inspected.actorRef !== session.actorRef) return
  const { value } = inspected.snapshot as unknown as { readonly value: string }
  const { type: event } = inspected.event
  if (value === before) return
  taken = { from: before, to: value, event, at: Date.now() }
  const { reason } = (inspected.snapshot as unknown as { context: { reason: string | null } }).context
  timeline.tell({
    where: 'page',
    what: `${before} → ${value}`,
    why: reason ?? CAUSES[event] ?? event,
    tone: TONES[value] ?? 'plain',
  })
  before = value
  for (const listener of listeners) listener()
})

/** The last transition that the machine took. */
export const transitions = {
  read: () => taken,
  subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}
