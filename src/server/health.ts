import type { Clock } from '../base/clock.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import { failure, json } from './answers.ts'
import type { Endpoint } from './context.ts'

/** The store is asked at most once in this time, however many balancers and strangers ask. */
const KNOWN_MS = 1_000
/** A slower store cannot serve a request. */
const STORE_MS = 2_000
/** No session has this key. */
const NO_SESSION = 'health'

/**
 * `GET health`, for balancers: 200 `{"status":"ready"}`, 503 `store_away` if the store does not answer, 503 `draining`
 * after `drain`. It reveals nothing of any session.
 */
export function createHealth({
  store,
  clock,
}: {
  readonly store: ServerStore
  readonly clock: Clock
}): Endpoint {
  let askedAt = -Infinity
  let answer: Promise<boolean> = Promise.resolve(true)

  function ask(): Promise<boolean> {
    return new Promise((resolve) => {
      const disarm = clock.setTimer(() => resolve(false), STORE_MS, 'background')
      const told = (isThere: boolean) => {
        disarm()
        resolve(isThere)
      }
      Promise.resolve()
        .then(() => store.read(NO_SESSION))
        .then(
          () => told(true),
          () => told(false),
        )
    })
  }

  return async () => {
    const now = clock.monotonic()
    if (now >= askedAt + KNOWN_MS) {
      askedAt = now
      answer = ask()
    }
    return (await answer) ? json(200, { status: 'ready' }) : failure(503, 'store_away')
  }
}
