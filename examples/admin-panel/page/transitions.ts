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

let taken: Taken | undefined
let before = session.getSnapshot().state as string
const listeners = new Set<() => void>()

/** What the chart itself says of the transition that it is taking. */
let description: string | undefined

/** Follows the machine itself. What it shows holds no token, because the machine knows none. */
session.actorRef.system.inspect((inspected) => {
  if (inspected.actorRef !== session.actorRef) return
  if (inspected.type === '@xstate.microstep')
    description = inspected._transitions.findLast((one) => one.description)?.description ?? description
  if (inspected.type !== '@xstate.snapshot') return
  const said = description
  description = undefined
  const { value } = inspected.snapshot as unknown as { readonly value: string }
  const { type: event } = inspected.event
  if (value === before) return
  taken = { from: before, to: value, event, at: Date.now() }
  const { reason } = (inspected.snapshot as unknown as { context: { reason: string | null } }).context
  timeline.tell({
    where: 'page',
    what: `${before} → ${value}`,
    why: reason ?? said ?? event,
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
