import type { AttemptStore } from './attemptStore.ts'
import type { KeptAttempt } from './keptAttempt.ts'

/** A user who must first set up a second factor needs this long. */
export const ATTEMPT_MS = 3_600_000
/** If a browser restores ten tabs, they begin ten logins. The oldest is dropped. */
const MAX_ATTEMPTS = 20
/** Of an attempt that took too long only its target is kept. */
const REMEMBERED_MS = 24 * ATTEMPT_MS

/** The logins that a browser has begun, by their own `state` (RFC 9700 section 4.7). */
export function createAttempts(store: AttemptStore, wall: () => number) {
  const isKept = ({ beganAt }: KeptAttempt) => wall() < beganAt + REMEMBERED_MS
  const taken = (one: KeptAttempt): KeptAttempt => ({ ...one, verifier: '', takenAt: one.takenAt ?? wall() })
  return {
    add: (attempt: KeptAttempt) =>
      store.change((kept) => ({
        kept: [...kept.filter(isKept), attempt].slice(-MAX_ATTEMPTS),
        answer: undefined,
      })),
    /** Takes an attempt: one of all tabs gets it, once. The others get the time of that. */
    take: (state: string) =>
      store.change<KeptAttempt | undefined>((kept) => ({
        kept: kept.filter(isKept).map((one) => (one.state === state ? taken(one) : one)),
        answer: kept.find((one) => isKept(one) && one.state === state),
      })),
    /** The login of `state` has failed. Tabs with the same callback learn of it. */
    fail: (state: string, failure: string) =>
      store.change((kept) => ({
        kept: kept.map((one) => (one.state === state ? { ...one, failure, takenAt: wall() } : one)),
        answer: undefined,
      })),
    clear: () => store.change(() => ({ kept: [], answer: undefined })),
  }
}
