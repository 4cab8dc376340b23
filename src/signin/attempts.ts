import type { AttemptStore } from './attemptStore.ts'
import type { KeptAttempt } from './keptAttempt.ts'

/** Whoever has to enrol a second factor first needs long. */
export const ATTEMPT_MS = 3_600_000
/** Ten tabs that a browser restores begin ten logins. The oldest goes. */
const MAX_ATTEMPTS = 20
/** What is known of an attempt that took too long is where it was to lead. */
const REMEMBERED_MS = 24 * ATTEMPT_MS

/** The logins that a browser has begun, each found by its own `state` (RFC 9700 section 4.7). */
export function createAttempts(store: AttemptStore, wall: () => number) {
  const isKept = ({ beganAt }: KeptAttempt) => wall() < beganAt + REMEMBERED_MS
  return {
    add: (attempt: KeptAttempt) =>
      store.change((kept) => ({
        kept: [...kept.filter(isKept), attempt].slice(-MAX_ATTEMPTS),
        answer: undefined,
      })),
    /** Takes an attempt out: of all tabs one gets it, once. */
    take: (state: string) =>
      store.change((kept) => ({
        kept: kept.filter((one) => isKept(one) && one.state !== state),
        answer: kept.find((one) => isKept(one) && one.state === state),
      })),
    clear: () => store.change(() => ({ kept: [], answer: undefined })),
  }
}
