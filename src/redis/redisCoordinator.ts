import { deriveKey, mac } from '#crypto'
import { coalescer } from '../coordination/coalescer.ts'
import type { Coordinator, EndedElsewhere, Flight, FlightIdentity } from '../coordination/coordinator.ts'
import { flightText, scopeText } from '../coordination/flightText.ts'
import { heldBy } from '../coordination/heldBy.ts'
import { memoryLedger } from '../coordination/memoryLedger.ts'
import { paceNews } from '../coordination/paceNews.ts'
import { sendResult } from '../coordination/sendResult.ts'
import { toDoubt } from '../coordination/sendSpans.ts'
import { sent } from '../coordination/sent.ts'
import type { RefreshOutcome } from '../session/strategy.ts'
import { redisCalls } from './calls.ts'
import { certainOutcomes, MAX_KNOWN } from './certainOutcomes.ts'
import { type RedisCoordinatorOptions, readRedisOptions } from './coordinatorOptions.ts'
import { redisLease } from './lease.ts'
import { maxmemoryPolicy } from './policy.ts'
import { redisPushes } from './pushes.ts'
import { redisResults } from './results.ts'
import { type RedisFlight, redisRows } from './rows.ts'
import { redisUnsent } from './unsent.ts'

type Remote = RefreshOutcome | EndedElsewhere
type Results = ReturnType<typeof redisResults>

const ENDED: EndedElsewhere = { kind: 'ended' }
const DOWN = { kind: 'refused', cause: 'unavailable', retryAfterMs: 1_000 } as const
/** A caller waits this long for a sender whose lease is about to end. */
const SILENT_MS = 1_000

/**
 * Coalesces the refreshes of many processes through Redis, 6 or newer, or Valkey. The sender writes an intent first. The
 * intent, not the lease, prevents other sends: the end of a lease permits nothing. One round trip asks for a send, and
 * one reports it; a push wakes the waiting callers. Results are sealed with a key that is made of the spent refresh token.
 * Redis never sees that token, so a reader of Redis cannot read tokens.
 *
 * Inside a process, calls for one token are joined. A flight without a refresh token is coalesced only there. Nothing
 * is sent to Redis before the first flight.
 *
 * @throws {Misconfigured} for options that cannot work.
 * @example
 * const client = await createClient({ url }).connect()
 * const coordinator = redisCoordinator({ client, secret })
 */
export function redisCoordinator(options: RedisCoordinatorOptions): Coordinator & { close(): void } {
  const settings = readRedisOptions(options)
  const { client, secret, prefix, attemptTimeoutMs, leaseMs, onCoordinatorDown, clock, random, onWarning } =
    settings
  const redis = redisCalls(settings)
  const channel = `{${prefix}}flights`
  const rows = redisRows({ ...settings, redis, channel })
  const unsent = redisUnsent(clock, rows)
  const pushes = redisPushes(client, channel, clock, () => onWarning('unreachable'))
  const keyFor = withLast((purpose) => deriveKey(secret, purpose))
  const hash = async (text: string) => mac(await keyFor('names of flights'), text)
  const hashOfOrigin = withLast(hash)
  // Late callers ask Redis, which knows of logouts in other processes.
  const ring = coalescer({ clock, hash, replayWindowMs: 0, maxEntries: MAX_KNOWN })
  const certain = certainOutcomes(settings.replayWindowMs, clock)
  const alone = memoryLedger({ clock, random, maxEntries: MAX_KNOWN })
  const leased = redisLease(clock, leaseMs)
  let isChecked = false

  async function run(flight: Flight): Promise<Remote> {
    const { identity } = flight
    if (identity.refreshToken === undefined) return ring.run(flight)
    if (!isChecked) void warnIfItEvicts(redis, onWarning)
    isChecked = true
    let remote: EndedElsewhere | undefined
    const answer = await ring.run({
      ...flight,
      async send(name) {
        const outcome = await across(flight, name)
        if (outcome.kind !== 'ended') return outcome
        remote = outcome
        // Its followers here get the same answer.
        ring.end(identity)
        return DOWN
      },
    })
    return answer.kind === 'ended' && remote ? remote : answer
  }

  async function across(flight: Flight, name: string): Promise<Remote> {
    const { identity, origin, ask } = flight
    const turn: RedisFlight = {
      name,
      scope: await hash(scopeText(identity)),
      origin: await hashOfOrigin(origin),
      owner: crypto.randomUUID(),
    }
    const results = redisResults(identity.refreshToken ?? '', name)
    const until = clock.monotonic() + attemptTimeoutMs
    const replayed = async (sealed: string, ageMs: number): Promise<Remote> => {
      const outcome = await results.open(sealed, ageMs)
      if (outcome) certain.set(name, turn.scope, outcome)
      return outcome ?? DOWN
    }
    for (;;) {
      const found = await asked(async () => {
        await unsent.notify(name)
        return rows.acquire(turn, ask)
      })
      if (!found) {
        if (onCoordinatorDown !== 'proceed') {
          unsent.owe(turn, ask)
          return DOWN
        }
        unsent.forget(name)
        return alone(name, flight)
      }
      switch (found.kind) {
        case 'lead':
          return lead(flight, turn, results, found.isPaced)
        case 'ended':
          return ENDED
        case 'done':
          return replayed(found.sealed, found.ageMs)
        case 'held':
          // Redis may have fallen back to an earlier time.
          return certain.get(name) ?? heldBy(found.row, found.now)
        case 'limited':
          return { kind: 'refused', cause: 'limited', retryAfterMs: found.waitMs }
      }
      const own = certain.get(name)
      if (own) return own
      // While the sender renews its lease, the caller waits for the answer.
      const left = Math.min(found.openMs, until - clock.monotonic())
      if (found.leaseMs <= 0 || left <= 0)
        return { kind: 'refused', cause: 'unavailable', retryAfterMs: Math.max(1, found.openMs) }
      const message = await pushes.next(name, Math.min(left, Math.max(found.leaseMs, SILENT_MS)))
      const [kind, text = ''] = message?.split(' ') ?? []
      if (kind === 'ended') return ENDED
      if (kind === 'done') return replayed(text, 0)
      // There is no news, or the row has it: ask Redis again.
    }
  }

  /** Asks once more if no answer came: the same owner finds its own intent. `undefined`: Redis is away. */
  async function asked<T>(call: () => Promise<T>): Promise<T | undefined> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        return await call()
      } catch {
        // Reported below.
      }
    }
    onWarning('unreachable')
    return undefined
  }

  async function lead(
    flight: Flight,
    turn: RedisFlight,
    results: Results,
    isPaced: boolean,
  ): Promise<Remote> {
    const { ask, identity } = flight
    const sentAt = clock.monotonic()
    const outcome =
      certain.get(turn.name) ??
      (await leased(
        () => sent(flight.send),
        () => rows.renew(turn),
      ))
    const isDone = isReplaced(outcome, identity.refreshToken)
    const isClosed = outcome.kind === 'rejected' || (outcome.kind === 'unknown' && outcome.consumed)
    if (isDone || isClosed) certain.set(turn.name, turn.scope, outcome, isClosed)
    const result = isDone ? await results.seal(outcome) : sendResult(outcome)
    const told = paceNews(outcome)
    const news = isPaced || told?.kind === 'overloaded' ? told : undefined
    const ageMs = clock.monotonic() - sentAt
    // The intent stands until this is known, and others wait.
    const finished = await asked(() => rows.finish(turn, { result, ask, news, ageMs, roll: random() }))
    if (!finished && typeof result !== 'string' && result.kind === 'unsent') unsent.owe(turn, ask)
    if (finished?.kind === 'ended') return { kind: 'ended', late: outcome }
    if (finished?.kind !== 'settled') return outcome
    const { row, now, waiters } = finished
    if (outcome.kind === 'unknown') return row ? { ...outcome, doubt: toDoubt(row, now) } : outcome
    return outcome.kind === 'ok' && waiters > 0 ? { ...outcome, shared: true } : outcome
  }

  function end(identity: FlightIdentity): void {
    ring.end(identity)
    void endAcross(identity).catch(() => onWarning('unreachable'))
  }

  async function endAcross(identity: FlightIdentity): Promise<void> {
    const { refreshToken, sessionId } = identity
    const name = refreshToken === undefined ? '' : await hash(flightText(identity))
    const scope = await hash(scopeText(identity))
    const isWhole = sessionId !== undefined
    certain.forget(name, isWhole ? scope : undefined)
    const bury = () => rows.bury(name, scope, isWhole)
    await bury().catch(bury)
  }

  return {
    run,
    end,
    /** Closes the connection for pushes, and sends nothing more to Redis. */
    close() {
      pushes.close()
      unsent.close()
    },
  }
}

/** `compute`, which does not compute the last result anew: there is one key, and most processes send to one origin. */
function withLast<T>(compute: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined
  return (text) => {
    if (last?.text !== text) last = { text, result: compute(text) }
    return last.result
  }
}

/** Another token has replaced the sent one, or there will be none. */
const isReplaced = (outcome: RefreshOutcome, sentToken: string | undefined) =>
  outcome.kind === 'ok' && (outcome.final === true || (outcome.refreshToken ?? sentToken) !== sentToken)

/** It may then delete records that must stay. */
async function warnIfItEvicts(
  redis: ReturnType<typeof redisCalls>,
  onWarning: (code: 'evicts') => void,
): Promise<void> {
  const policy = await maxmemoryPolicy(redis)
  if (policy !== undefined && policy !== 'noeviction') onWarning('evicts')
}
