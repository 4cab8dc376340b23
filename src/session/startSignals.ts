import type { SessionSignal } from './notice.ts'

interface Signals {
  readonly signals?: ((report: (signal: SessionSignal) => Promise<void>) => () => void) | undefined
  readonly onListenerError: (error: unknown) => void
}

/** Starts what tells of the page, and answers what stops it. What it throws is told, and ends no session. */
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
