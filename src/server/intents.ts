import type { LedgerRow } from '../../machines/session.ledger.ts'
import type { Position } from '../../machines/session.types.ts'
import { insist } from '../base/insist.ts'
import { type Claim, claim } from '../coordination/claim.ts'
import type { Coordinator, Flight } from '../coordination/coordinator.ts'
import { sent } from '../coordination/sent.ts'
import { settle } from '../coordination/settle.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { type Entries, isAt } from './entries.ts'
import type { ServerSettings } from './readServerOptions.ts'
import type { Intent, ServerRecord } from './serverRecord.ts'

/** An intent is in force this much longer than an attempt, because the clocks of two servers may differ. */
const MARGIN_MS = 5_000

/** Above this number the oldest are forgotten. Their intents then count as sent, which is safe. */
const MAX_KNOWN = 10_000

/** A claim, and the version of the session that it was made for. For another version its row says nothing. */
interface Unsent extends Position {
  readonly claim: Claim
}

const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/**
 * A coordinator whose ledger is the record of each session: the record says so before a token is sent. So after a
 * crash, and in every other process, a token whose answer was lost is known as such, without a coordinator for all
 * processes. `inner` coalesces the requests of this process. `onNews`: another process may have reported the result of
 * a send that a session here waits for.
 */
export function withIntents(
  inner: Coordinator,
  entries: Entries,
  settings: ServerSettings,
  onNews: (key: string) => void = () => {},
): Coordinator {
  const { clock, random, attemptTimeoutMs, store } = settings
  const owner = crypto.randomUUID()
  /** The first claim at each session's version that may have been written, while nothing was sent after it. */
  const unsent = new Map<string, Unsent>()
  /** Stops the writes that are still reported to the records. */
  const telling = new Map<string, () => void>()

  const awaited = new Set<string>()

  /** Another process has sent. The store may report the result before the session looks by itself. */
  function awaitNews(key: string, forMs: number) {
    if (awaited.has(key)) return
    const unwatch = store.watch?.(key, () => onNews(key), forMs)
    if (!unwatch) return
    awaited.add(key)
    const over = () => {
      awaited.delete(key)
      unwatch()
    }
    clock.setTimer(over, forMs, 'background')
  }

  /** The row that counts. This process has no running send, so its own open intent waits for no answer. */
  function standing({ intent, session }: ServerRecord, own: Unsent | undefined): LedgerRow | null {
    if (intent?.owner !== owner) return intent ?? null
    if (own && isAt(own, session) && intent.sentAt >= own.claim.row.sentAt) return own.claim.before
    const { openUntil, ...closed } = intent
    return closed
  }

  /**
   * Sends the token, or calls `onHeld` with the record's answer and then returns what tells `inner` that nothing was
   * sent.
   */
  async function send(flight: Flight, onHeld: (outcome: RefreshOutcome) => void): Promise<RefreshOutcome> {
    const { sessionId: key = '', refreshToken, bearer } = flight.identity
    let mine: Unsent | undefined
    let held: RefreshOutcome = unavailable
    // From here on nobody may take back what this attempt writes.
    const first = unsent.get(key)
    unsent.delete(key)
    try {
      const written = await entries.update(key, (record) => {
        mine = undefined
        held = unavailable
        const { session } = record
        // Another process renewed or ended the session meanwhile. The session finds out when it reads its record.
        if ('ended' in session || session.refreshToken !== refreshToken || session.bearer !== bearer)
          return undefined
        const before = standing(record, first)
        const claimed = claim(before, flight.ask, clock.wall(), attemptTimeoutMs + MARGIN_MS)
        if ('outcome' in claimed) {
          held = claimed.outcome
          return undefined
        }
        mine = { claim: claimed, epoch: session.epoch, version: session.version }
        return { ...record, intent: { ...claimed.row, owner } }
      })
      // The record may have been deleted between two tries.
      if (!written) mine = undefined
      if (!mine && first) void giveBack(key, first)
    } catch {
      // A send that could not be written down is not sent. If the write succeeded all the same, it is taken back.
      const own = first && (!mine || isAt(first, mine)) ? first : mine
      if (own) void giveBack(key, own)
      mine = undefined
      held = unavailable
    }
    if (!mine) {
      if (held.kind === 'refused' && held.retryAfterMs) awaitNews(key, held.retryAfterMs)
      onHeld(held)
      return unavailable
    }
    const { resend } = flight.ask
    const { row, outcome } = settle(mine.claim, await sent(flight.send), resend, clock.wall(), random)
    // The commit that follows settles it.
    if (outcome.kind === 'ok') return outcome
    const { before, row: opened } = mine.claim
    if (row === before) await giveBack(key, mine)
    else await replace(key, row, (intent) => intent.sentAt === opened.sentAt)
    return outcome
  }

  /** Removes a send from the record that never left. */
  function giveBack(key: string, own: Unsent): Promise<void> {
    remember(unsent, key, own)
    const { before, row } = own.claim
    return replace(key, before, ({ sentAt }) => unsent.get(key) === own && sentAt >= row.sentAt)
  }

  /**
   * Repeats the write until it succeeds. Until then the record says that the outcome is unknown, which may cost the
   * session.
   */
  async function replace(key: string, row: LedgerRow | null, isMeant: (intent: Intent) => boolean) {
    const change = (record: ServerRecord): ServerRecord | undefined => {
      const { intent, ...rest } = record
      if (intent?.owner !== owner || !isMeant(intent)) return undefined
      return row ? { ...rest, intent: { ...row, owner } } : rest
    }
    const write = async () => {
      await entries.update(key, change)
      telling.delete(key)
    }
    telling.get(key)?.()
    await write().catch(() => remember(telling, key, insist(clock, write))?.())
  }

  return {
    async run(flight) {
      if (!flight.identity.sessionId || !flight.identity.refreshToken) return inner.run(flight)
      // This bypasses `inner`, which would take it for the outcome of a send.
      let held: RefreshOutcome | undefined
      const onHeld = (outcome: RefreshOutcome) => {
        held = outcome
      }
      const answer = await inner.run({ ...flight, send: () => send(flight, onHeld) })
      return answer.kind === 'ended' ? answer : (held ?? answer)
    },
    end: (identity) => inner.end(identity),
  }
}

/** Returns the entries that had to go for it. */
function remember<T>(entries: Map<string, T>, key: string, value: T): T | undefined {
  entries.delete(key)
  entries.set(key, value)
  const [oldest = ''] = entries.keys()
  const gone = entries.size > MAX_KNOWN ? entries.get(oldest) : undefined
  if (entries.size > MAX_KNOWN) entries.delete(oldest)
  return gone
}
