/** Durations that several rooms use, in milliseconds: defaults of their options, and bounds. */

export const LEAD_TIME_MS = 30_000
export const PATIENCE_MS = 8_000
export const ATTEMPT_TIMEOUT_MS = 25_000
export const MAX_LIFETIME_MS = 86_400_000
export const REPLAY_WINDOW_MS = 60_000
export const IDLE_AFTER_MS = 300_000
/** How long after a sign of activity the user counts as active. */
export const ACTIVE_MS = 60_000
/** No timer of a platform runs for longer. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1
