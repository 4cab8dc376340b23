import type { SessionSignal } from './notice.ts'

interface Signals {
  readonly signals?: ((report: (signal: SessionSignal) => Promise<void>) => () => void) | undefined
  readonly onListenerError: (error: unknown) => void
}

/** Starts the option `signals`, and returns the function that stops it. An error is reported and ends no session. */
export function startSignals(
  { signals, onListenerError }: Signals,
  report: (signal: SessionSignal) => Promise<void>,
): () => void {
  try {
    return signals?.(report) ?? (() => {})
  } catch (error) {
    onListenerError(error)
    return () => {}
  }
}
