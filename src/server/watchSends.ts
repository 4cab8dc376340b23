import type { Coordinator } from '../coordination/coordinator.ts'
import type { Forward } from './forwarding.ts'
import type { ServerTelemetry } from './telemetry.ts'

/** The same coordinator, with `telemetry` as an observer of its sends. */
export function watchRefreshes(
  coordinator: Coordinator,
  telemetry: ServerTelemetry | undefined,
): Coordinator {
  if (!telemetry) return coordinator
  return {
    run: (flight) =>
      coordinator.run({
        ...flight,
        send: () =>
          watched(flight.send, (send) => telemetry.refresh({ provider: flight.identity.provider }, send)),
      }),
    end: (identity) => coordinator.end(identity),
  }
}

/** The same sender, with `telemetry` as an observer. The headers that it returns go with the call. */
export function watchCalls(forward: Forward, telemetry: ServerTelemetry | undefined): Forward {
  if (!telemetry) return forward
  return (url, call, deadline) =>
    watched(
      (more: Readonly<Record<string, string>> = {}) =>
        forward(url, { ...call, headers: { ...call.headers, ...more } }, deadline),
      (send) => telemetry.call({ method: call.method, url }, send),
    )
}

/** The result of `send`. It is called once, whatever `watch` does. */
function watched<Args extends readonly unknown[], T>(
  send: (...args: Partial<Args>) => Promise<T>,
  watch: (send: (...args: Partial<Args>) => Promise<T>) => Promise<unknown>,
): Promise<T> {
  let sent: Promise<T> | undefined
  const once = (...args: Partial<Args>) => {
    sent ??= send(...args)
    return sent
  }
  try {
    watch(once).catch(() => {})
  } catch (error) {
    console.error(error)
  }
  return once(...([] as unknown as Partial<Args>))
}
