interface Dispatcher {
  dispatch(options: object, handler: object): boolean
}

/** Where Node's `fetch` finds its dispatcher; the second name is that of older releases. */
const GLOBAL = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

/** The dispatcher of the process, read at each call, without its limit for the silence of a body. */
const patient: Dispatcher = {
  dispatch(options, handler) {
    const known = globalThis as unknown as Record<symbol, Dispatcher | undefined>
    const [dispatcher] = GLOBAL.flatMap((name) => known[name] ?? [])
    if (!dispatcher) throw new TypeError('fetch failed')
    return dispatcher.dispatch({ ...options, bodyTimeout: 0 }, handler)
  },
}

/**
 * The platform's `fetch`. On Node it lifts the limit of 300 s after which `fetch` aborts a silent body (`bodyTimeout`
 * of undici), because a stream of events may be silent for longer. Other platforms ignore this.
 */
export function patientFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => fetch(input, { ...init, dispatcher: patient } as RequestInit)
}
