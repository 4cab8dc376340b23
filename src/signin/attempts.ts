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
  const taken = (one: KeptAttempt): KeptAttempt => ({ ...one, verifier: '', takenAt: one.takenAt ?? wall() })
  return {
    add: (attempt: KeptAttempt) =>
      store.change((kept) => ({
        kept: [...kept.filter(isKept), attempt].slice(-MAX_ATTEMPTS),
        answer: undefined,
      })),
    /** Takes an attempt: of all tabs one gets it, once. The others are told when that was. */
    take: (state: string) =>
      store.change<KeptAttempt | undefined>((kept) => ({
        kept: kept.filter(isKept).map((one) => (one.state === state ? taken(one) : one)),
        answer: kept.find((one) => isKept(one) && one.state === state),
      })),
    clear: () => store.change(() => ({ kept: [], answer: undefined })),
  }
}
