import type { SessionState } from '../../machines/session.select.ts'
import type { SessionNotice } from './notice.ts'
import type { SessionOptions, Settings } from './options.ts'

type Listener = (state: SessionState) => void

/**
 * Calls listeners in a microtask, so that they find the session settled. An error of one does not affect the others.
 */
export function createNotifier(
  {
    observe,
    onListenerError,
    recorder,
    clock,
  }: Pick<Settings, 'observe' | 'onListenerError' | 'clock'> & Pick<SessionOptions, 'recorder'>,
  read: () => SessionState,
) {
  let listeners: Set<Listener> | undefined
  let told = read()
  let notices: SessionNotice[] | undefined

  function queue() {
    // If several microtasks wait, the first reports everything.
    queueMicrotask(() => {
      const due = notices ?? []
      notices = undefined
      for (const notice of due) {
        // It runs after the event that it belongs to.
        recorder?.note(notice, clock.wall())
        isolate(observe, notice, onListenerError)
      }
      const state = read()
      if (told === state) return
      told = state
      for (const listener of [...(listeners ?? [])])
        if (listeners?.has(listener)) isolate(listener, state, onListenerError)
    })
  }

  return {
    notify(notice: SessionNotice) {
      notices ??= []
      notices.push(notice)
      queue()
    },
    changed: queue,
    subscribe(listener: Listener) {
      listeners ??= new Set()
      listeners.add(listener)
      return () => {
        listeners?.delete(listener)
      }
    },
  }
}

export type Notifier = ReturnType<typeof createNotifier>

async function isolate<T>(
  listener: ((value: T) => unknown) | undefined,
  value: T,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await listener?.(value)
  } catch (error) {
    onError(error)
  }
}
