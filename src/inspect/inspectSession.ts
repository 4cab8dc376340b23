import type { InspectionEvent, Observer, Snapshot, SnapshotFrom, Subscription } from 'xstate'
import { sessionMachine } from '../../machines/session.machine.ts'
import { assertHas } from '../base/assertHas.ts'
import { Misconfigured } from '../base/errors.ts'
import type { BaseSession } from '../session/session.ts'
import { shown } from './shown.ts'
import { context, events, state, status, tag, whose } from './vocabulary.ts'

/**
 * The common part of all inspectors of `@statelyai/inspect`: that of `createBrowserInspector`, of
 * `createWebSocketInspector`, or of `createInspector` with your own adapter.
 */
export interface SessionInspector {
  /** Takes a message. */
  readonly inspect: Observer<InspectionEvent>
}

/** What the inspector may see of a session. */
export interface InspectSessionOptions {
  /**
   * Shows the user: id, email, name, username, role and tenant, and the name of the provider. @default false: nothing
   * that distinguishes users
   */
  readonly showUser?: boolean
}

/**
 * Shows a session in the Stately inspector, from now on, also if it has been running for hours. It sends the chart, the
 * present state, and every following event and state. Returns a function that stops this; a disposed session stops it
 * too.
 *
 * Every message is built from a fixed list of states, events, reasons, versions and times. Nothing else is sent, so a
 * message holds no token, and no personal data unless `showUser` asks for it. Other actors of a parent machine are not
 * shown. If the inspector throws, it gets no more messages, and the session lives on.
 *
 * @example
 * const stop = inspectSession(session, createBrowserInspector({ url: '/inspector.html' }))
 */
export function inspectSession(
  session: Pick<BaseSession, 'actorRef'>,
  inspector: SessionInspector,
  { showUser = false }: InspectSessionOptions = {},
): () => void {
  assertHas(
    session?.actorRef,
    ['getSnapshot'],
    'inspectSession: the first argument',
    'a session: what createSession or createBffSession returns',
  )
  if (typeof inspector !== 'object' || inspector === null)
    throw new Misconfigured(
      'inspectSession: the second argument must be an inspector: what createBrowserInspector() of @statelyai/inspect returns.',
    )
  const { actorRef } = session
  const { sessionId } = actorRef

  function shownSnapshot(snapshot: Snapshot<unknown>) {
    const {
      tags = [],
      context: full = {},
      ...rest
    } = snapshot as Partial<SnapshotFrom<typeof sessionMachine>>
    return {
      ...shown(rest, { status, value: state }),
      context: { ...shown(full, context), ...(showUser && whose(full)) },
      tags: [...tags].filter(tag),
    } as unknown as Snapshot<unknown>
  }

  /** Represents the actor: it names the actor and shows the chart, and nothing can be sent to it. */
  const standIn = (snapshot: Snapshot<unknown>) => ({
    id: 'session',
    sessionId,
    logic: { config: sessionMachine.config },
    getSnapshot: () => snapshot,
    send() {},
  })

  const subscriptions: Subscription[] = []
  let isOver = false
  function stop() {
    isOver = true
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe()
  }

  function tell(message: InspectionEvent) {
    if (isOver) return
    try {
      // There is no observer if a browser's inspector was made without a browser.
      inspector.inspect?.next?.(message)
    } catch (error) {
      stop()
      console.error(error)
    }
  }

  function tellSnapshot(found: Snapshot<unknown>, type: string, fields: Record<string, unknown> = {}) {
    const snapshot = shownSnapshot(found)
    const event = { ...fields, type }
    tell({ type: '@xstate.snapshot', actorRef: standIn(snapshot), rootId: sessionId, event, snapshot })
  }

  const present = shownSnapshot(actorRef.getSnapshot())
  tell({ type: '@xstate.actor', actorRef: standIn(present), rootId: sessionId })
  tellSnapshot(actorRef.getSnapshot(), 'xstate.init')

  const observing = actorRef.system.inspect((seen) => {
    if (seen.actorRef !== actorRef || (seen.type !== '@xstate.event' && seen.type !== '@xstate.snapshot'))
      return
    const { type } = seen.event
    const fields = Object.hasOwn(events, type) ? events[type] : undefined
    if (!fields) return
    if (seen.type === '@xstate.snapshot') return tellSnapshot(seen.snapshot, type, shown(seen.event, fields))
    const event = { ...shown(seen.event, fields), type }
    tell({
      type: '@xstate.event',
      actorRef: standIn(present),
      rootId: sessionId,
      sourceRef: undefined,
      event,
    })
  })
  const living = actorRef.subscribe({
    // A failed chart only informs its subscribers; the cause stays here.
    error() {
      tellSnapshot(actorRef.getSnapshot(), 'xstate.stop')
      stop()
    },
    complete: stop,
  })
  subscriptions.push(observing, living)
  // It ended before, or the inspector threw already.
  if (isOver) stop()
  return stop
}
