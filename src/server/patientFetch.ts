interface Dispatcher {
  dispatch(options: object, handler: object): boolean
}

/** Where Node's `fetch` finds its dispatcher; the second name is that of older releases. */
const GLOBAL = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name))

/** The dispatcher of the process, looked up at each call, but for its limit to the silence of a body. */
const patient: Dispatcher = {
  dispatch(options, handler) {
    const known = globalThis as unknown as Record<symbol, Dispatcher | undefined>
    const [dispatcher] = GLOBAL.flatMap((name) => known[name] ?? [])
    if (!dispatcher) throw new TypeError('fetch failed')
    return dispatcher.dispatch({ ...options, bodyTimeout: 0 }, handler)
  },
}

/**
 * The platform's `fetch` without the 300 s after which Node's cuts a body that brings nothing (`bodyTimeout` of undici):
 * a stream of events may be silent for longer. Other platforms pay no attention to it.
 */
export function patientFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => fetch(input, { ...init, dispatcher: patient } as RequestInit)
}
