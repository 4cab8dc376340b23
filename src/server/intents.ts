import type { Coordinator, Flight } from '../coordination/coordinator.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import type { Entries } from './entries.ts'
import type { ServerSettings } from './options.ts'
import type { Intent, ServerRecord } from './serverRecord.ts'

/** Longer than an attempt by this much is its intent in force: clocks of two servers may differ. */
const MARGIN_MS = 5_000

/** Beyond that the oldest are forgotten: their intents then count as sent, which is safe. */
const MAX_UNSENT = 10_000

const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/**
 * A coordinator whose sends are written down first, in the record of their session. So a token that was sent and
 * whose answer nobody saw is known as such after a crash, and in every other process, without a coordinator that
 * spans them.
 */
export function withIntents(inner: Coordinator, entries: Entries, settings: ServerSettings): Coordinator {
  const { clock } = settings
  const owner = crypto.randomUUID()
  /** Intents that may have been written although their write failed: nothing was sent. And what stood there before. */
  const unsent = new Map<string, { readonly at: number; readonly before: Intent | undefined }>()

  function standing(key: string, intent: Intent | undefined): Intent | undefined {
    const own = unsent.get(key)
    return own && intent?.owner === owner && intent.at === own.at ? own.before : intent
  }

  async function send(flight: Flight): Promise<RefreshOutcome> {
    const { sessionId: key = '', refreshToken, bearer } = flight.identity
    let known: RefreshOutcome | undefined
    let mine: Intent | undefined
    let isWritten = false
    let before: Intent | undefined
    try {
      const written = await entries.update(key, (record) => {
        before = standing(key, record.intent)
        // Somebody has renewed or ended it meanwhile: the session will see when it reads its record.
        const { session } = record
        const isOurs =
          !('ended' in session) && session.refreshToken === refreshToken && session.bearer === bearer
        known = isOurs ? answerOf(before, flight) : unavailable
        if (known) return undefined
        const at = clock.wall()
        const until = at + settings.attemptTimeoutMs + MARGIN_MS
        mine = { owner, at, until, sends: flight.doubtfulSends + 1 }
        return { ...record, intent: mine }
      })
      // The record may have gone between two tries.
      isWritten = written !== undefined
    } catch {
      // What could not be written down is not sent; where it was written all the same, it is taken back.
      if (mine) {
        unsent.set(key, { at: mine.at, before })
        const [oldest = ''] = unsent.keys()
        if (unsent.size > MAX_UNSENT) unsent.delete(oldest)
        void settle(key, mine, before)
      }
      return unavailable
    }
    unsent.delete(key)
    if (known || !mine || !isWritten) return known ?? unavailable
    const outcome = await flight.send()
    const settled = settledBy(outcome, mine, before)
    // An `ok` is settled by the commit that follows.
    if (settled !== mine) await settle(key, mine, settled)
    return outcome
  }

  /** What is known of the token already; `undefined`: it may be sent. */
  function answerOf(intent: Intent | undefined, { doubtfulSends }: Flight): RefreshOutcome | undefined {
    if (!intent) return undefined
    const now = clock.wall()
    if (intent.outcome === 'rejected')
      return { kind: 'rejected', reason: (intent.reason ?? 'refreshRejected') as never }
    const isOpen = intent.outcome === undefined && now < intent.until && intent.owner !== owner
    if (isOpen) return { ...unavailable, retryAfterMs: intent.until - now }
    if (!intent.consumed && doubtfulSends >= intent.sends) return undefined
    return {
      kind: 'unknown',
      cause: 'timeout',
      answered: intent.answered === true,
      ...(intent.consumed && { consumed: true }),
      ageMs: Math.max(0, now - intent.at),
    }
  }

  async function settle(key: string, mine: Intent, settled: Intent | undefined): Promise<void> {
    const change = (record: ServerRecord): ServerRecord | undefined => {
      const { intent, ...rest } = record
      if (intent?.owner !== mine.owner || intent.at !== mine.at) return undefined
      return settled ? { ...rest, intent: settled } : rest
    }
    // As it stands it says that nobody knows: that is true, and safe.
    await entries.update(key, change).catch(() => {})
  }

  return {
    run: (flight) =>
      flight.identity.sessionId && flight.identity.refreshToken
        ? inner.run({ ...flight, send: () => send(flight) })
        : inner.run(flight),
    end: inner.end,
  }
}

/** What remains of an intent after its answer. */
function settledBy(outcome: RefreshOutcome, mine: Intent, before: Intent | undefined): Intent | undefined {
  switch (outcome.kind) {
    case 'ok':
      return mine
    case 'unknown':
      return {
        ...mine,
        outcome: 'unknown',
        answered: outcome.answered,
        ...(outcome.consumed && { consumed: true }),
      }
    case 'rejected':
      return { ...mine, outcome: 'rejected', reason: outcome.reason }
    default:
      // It was not processed: an older doubt stands.
      return before
  }
}
