import type { SessionState } from '../../machines/session.select.ts'
import type { SessionNotice } from './notice.ts'
import type { SessionOptions, Settings } from './options.ts'
import type { Reading } from './reading.ts'

type Listener = (state: SessionState) => void

interface Observers
  extends Pick<Settings, 'observe' | 'onListenerError' | 'clock'>,
    Pick<SessionOptions, 'recorder'> {}

/**
 * Calls listeners in a microtask, so that they find the session settled. An error of one does not affect the others.
 */
export class Notifier {
  #told: SessionState
  #listeners: Set<Listener> | undefined
  #notices: SessionNotice[] | undefined
  readonly #settings: Observers
  readonly #reading: Pick<Reading, 'state'>

  constructor(settings: Observers, reading: Pick<Reading, 'state'>) {
    this.#settings = settings
    this.#reading = reading
    this.#told = reading.state
  }

  notify(notice: SessionNotice): void {
    this.#notices ??= []
    this.#notices.push(notice)
    this.changed()
  }

  subscribe(listener: Listener): () => void {
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
    return () => {
      this.#listeners?.delete(listener)
    }
  }

  changed(): void {
    // If several microtasks wait, the first reports everything.
    queueMicrotask(() => this.#tell())
  }

  #tell() {
    const { recorder, clock, observe, onListenerError } = this.#settings
    const due = this.#notices ?? []
    this.#notices = undefined
    for (const notice of due) {
      // It runs after the event that it belongs to.
      recorder?.note(notice, clock.wall())
      isolate(observe, notice, onListenerError)
    }
    const state = this.#reading.state
    if (this.#told === state) return
    this.#told = state
    const listeners = this.#listeners
    for (const listener of [...(listeners ?? [])])
      if (listeners?.has(listener)) isolate(listener, state, onListenerError)
  }
}

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
