import { deriveKey, mac, seal, unseal } from '#crypto'
import { type Clock, systemClock } from '../session/clock.ts'
import { Misconfigured } from '../session/errors.ts'
import { redisCalls } from '../stores/redisCalls.ts'
import { type RedisClient, redisCommands } from '../stores/redisClient.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import type { Coordinator, EndedElsewhere, Flight, FlightIdentity } from './coordinator.ts'
import { flightText, scopeText } from './flightText.ts'
import { inProcessCoordinator } from './inProcess.ts'
import { ACQUIRE, END, FINISH, RENEW } from './redisScripts.ts'
import { replayWindow } from './replayWindow.ts'

interface Sent {
  readonly scope: string
  readonly outcome: RefreshOutcome
  /** How often the token was sent, as far as this process knows. */
  readonly sends: number
}

/** As many as a process remembers; beyond that the oldest go. */
const MAX_SENT = 10_000

/** The Redis, its secret, and how long anything may take. */
export interface RedisCoordinatorOptions {
  /** A connected client of `redis` or `ioredis`. One more connection is opened through it, for pushes. */
  readonly client: RedisClient
  /** Known to all processes and to nobody else; at least 32 characters. Names are hashed with it. */
  readonly secret: string
  /**
   * What all keys begin with.
   * @default 'xstate-session:'
   */
  readonly prefix?: string
  /** How long a result is remembered for stragglers; milliseconds. @default 60_000 */
  readonly replayWindowMs?: number
  /** How long a send may take: as long as an attempt of the session, and a margin; milliseconds. @default 30_000 */
  readonly attemptTimeoutMs?: number
  /** Without a sign of the sender for so long nobody waits for it; nor sends. Milliseconds. @default 5_000 */
  readonly leaseMs?: number
  /**
   * How long a command may take; milliseconds.
   * @default 500
   */
  readonly commandTimeoutMs?: number
  /**
   * What happens while Redis cannot be asked. `hold`: nothing is sent. `proceed`: this process coalesces by itself,
   * and two processes may spend one token. @default 'hold'
   */
  readonly onCoordinatorDown?: 'hold' | 'proceed'
  /**
   * Reads time and sets timers.
   * @default the platform's
   */
  readonly clock?: Clock
  /** Told when Redis cannot be asked (`unreachable`), or may forget what it must not (`evicts`). */
  readonly onWarning?: (warning: 'unreachable' | 'evicts') => void
}

type Remote = RefreshOutcome | EndedElsewhere
type Key = Uint8Array<ArrayBuffer>

const ENDED: EndedElsewhere = { kind: 'ended' }
const DOWN = { kind: 'refused', cause: 'unavailable', retryAfterMs: 1_000 } as const
/** An unknown outcome is remembered for as long as a session may send again. */
const DOUBT_MS = 300_000
/** All followers of this process together look at Redis no more often. */
const LOOK_MS = 100
const SILENT_MS = 1_000

/**
 * Coalesces the refreshes of many processes through Redis or Valkey. Who sends writes an intent first; the intent,
 * not the lease, is what keeps others from sending: a lease that lapses permits nothing. One round trip asks, one
 * tells; who waits is woken by a push. Results are sealed with a key made of the spent refresh token, which Redis
 * never sees, so whoever can read Redis cannot read tokens.
 *
 * Inside a process it is an `inProcessCoordinator`. A flight without a refresh token is coalesced there alone.
 *
 * @throws {Misconfigured} for options that cannot work.
 */
export function redisCoordinator(options: RedisCoordinatorOptions): Coordinator & { close(): void } {
  const {
    client,
    secret,
    prefix = 'xstate-session:',
    replayWindowMs = 60_000,
    attemptTimeoutMs = 30_000,
    leaseMs = 5_000,
    commandTimeoutMs = 500,
    onCoordinatorDown = 'hold',
    clock = systemClock,
    onWarning = () => {},
  } = options
  for (const [name, ms] of Object.entries({ replayWindowMs, attemptTimeoutMs, leaseMs, commandTimeoutMs }))
    if (!(ms > 0 && ms < 2 ** 31)) throw new Misconfigured(`Option "${name}" must be milliseconds above 0.`)
  if (typeof secret !== 'string' || secret.length < 32)
    throw new Misconfigured('Option "secret" must be a text of at least 32 characters, the same everywhere.')
  if (/[{}]/.test(prefix)) throw new Misconfigured('Option "prefix" must not contain braces.')

  const redis = redisCalls({ client, commandTimeoutMs, clock })
  const naming = Promise.resolve(deriveKey(secret, 'names of flights'))
  const hash = async (text: string) => mac(await naming, text)
  // Stragglers ask Redis, which knows of logouts in other processes.
  const ring = inProcessCoordinator({ clock, hash, replayWindowMs: 1 })
  /** What this process knows came of a token: a Redis that fails over may have forgotten. */
  const sentHere = replayWindow<Sent>(replayWindowMs, MAX_SENT, clock)
  const channel = `{${prefix}}flights`
  const flightKey = (name: string) => `{${prefix}}flight:${name}`
  const scopeKey = (name: string) => `{${prefix}}ended:${name}`
  const originKey = (name: string) => `{${prefix}}limited:${name}`
  const waiting = new Map<string, Set<(message: string) => void>>()
  let listening: Promise<() => void> | undefined
  let lastLook = 0

  void checkPolicy()

  async function checkPolicy() {
    try {
      const found = await redis.send(['CONFIG', 'GET', 'maxmemory-policy'])
      const policy = Array.isArray(found) ? found[1] : Object.values(found ?? {})[0]
      if (typeof policy === 'string' && policy !== 'noeviction') onWarning('evicts')
    } catch {
      // Not allowed to ask, or not reachable: the next flight tells.
    }
  }

  /** One subscription for all flights of this process. */
  function listen(): Promise<() => void> {
    listening ??= redisCommands(client)
      .subscribe(channel, (message) => {
        const name = message.slice(0, message.indexOf(' '))
        for (const wake of [...(waiting.get(name) ?? [])]) wake(message.slice(name.length + 1))
      })
      .catch((error) => {
        listening = undefined
        throw error
      })
    return listening
  }

  async function run(flight: Flight): Promise<Remote> {
    if (flight.identity.refreshToken === undefined) return ring.run(flight)
    let remote: EndedElsewhere | undefined
    const answer = await ring.run({
      ...flight,
      async send() {
        const outcome = await across(flight)
        if (outcome.kind !== 'ended') return outcome
        remote = outcome
        // Its followers here are told the same.
        ring.end(flight.identity)
        return DOWN
      },
    })
    if (!remote || answer.kind !== 'ended') return answer
    return remote
  }

  async function across(flight: Flight): Promise<Remote> {
    const { identity, origin } = flight
    const name = await hash(flightText(identity))
    const keys = [flightKey(name), scopeKey(await hash(scopeText(identity))), originKey(await hash(origin))]
    const owner = await hash(crypto.getRandomValues(new Uint32Array(8)).join())
    const key = await deriveKey(identity.refreshToken ?? '', 'result of a refresh')
    const until = clock.monotonic() + attemptTimeoutMs
    const replayed = async (sealed: string, ageMs: number): Promise<Remote> => {
      const outcome = await opened(key, name, sealed, ageMs)
      if (outcome) sentHere.set(name, { scope: keys[1] ?? '', outcome, sends: flight.doubtfulSends })
      return outcome ?? DOWN
    }
    for (;;) {
      const found = await ask(() =>
        redis.run(ACQUIRE, keys, [
          owner,
          flight.doubtfulSends,
          attemptTimeoutMs,
          leaseMs,
          attemptTimeoutMs + DOUBT_MS,
        ]),
      )
      if (!found) return onCoordinatorDown === 'proceed' ? flight.send() : DOWN
      const [state, first, second, third] = found as [string, ...unknown[]]
      // Redis may have fallen back to a time before this was known.
      const own = state === 'unknown' || state === 'pending' ? known(name, flight) : undefined
      if (own && own.kind !== 'unknown') return own
      switch (state) {
        case 'lead':
          return lead(flight, name, keys, owner, key)
        case 'ended':
          return ENDED
        case 'done':
          return replayed(String(first), Number(second))
        case 'unknown':
          return unknownOf(String(third), Number(second))
        case 'limited':
          return { kind: 'refused', cause: 'limited', retryAfterMs: Number(first) }
      }
      // `pending`: of a sender that still shows signs of life the answer is waited for.
      const left = Math.min(Number(second), until - clock.monotonic())
      if (Number(first) <= 0 || left <= 0)
        return { kind: 'refused', cause: 'unavailable', retryAfterMs: Math.max(1, Number(second)) }
      const message = await pushed(name, Math.min(left, Math.max(Number(first), SILENT_MS)))
      if (message === undefined) continue
      const [kind = '', text = ''] = message.split(' ')
      if (kind === 'ended') return ENDED
      if (kind === 'done') return replayed(text, 0)
      if (kind === 'unknown') return unknownOf(text, 0)
      // Refused, or the token lives on: it is asked for again.
    }
  }

  /** Asks once more where no answer came: the same owner finds its own intent. `undefined`: Redis is away. */
  async function ask(call: () => Promise<unknown>): Promise<unknown[] | undefined> {
    for (let tries = 0; tries < 2; tries++) {
      try {
        const found = await call()
        if (Array.isArray(found)) return found
      } catch {
        // Told below.
      }
    }
    onWarning('unreachable')
    return undefined
  }

  /** What is published about a flight; `undefined` after `timeoutMs`, when it is time to look. */
  async function pushed(name: string, timeoutMs: number): Promise<string | undefined> {
    await listen().catch(() => onWarning('unreachable'))
    return new Promise((resolve) => {
      const wakes = waiting.get(name) ?? new Set()
      waiting.set(name, wakes)
      const done = (message: string | undefined) => {
        disarm()
        wakes.delete(done)
        if (wakes.size === 0) waiting.delete(name)
        resolve(message)
      }
      const disarm = clock.setTimer(() => done(undefined), lookAfter(timeoutMs), 'foreground')
      wakes.add(done)
    })
  }

  /** Spreads the looks of all followers here. */
  function lookAfter(timeoutMs: number): number {
    const now = clock.monotonic()
    lastLook = Math.max(lastLook + LOOK_MS, now + Math.min(timeoutMs, SILENT_MS) * (1 + Math.random() / 4))
    return Math.max(1, lastLook - now)
  }

  async function lead(
    flight: Flight,
    name: string,
    keys: readonly string[],
    owner: string,
    key: Key,
  ): Promise<Remote> {
    const [entry = '', scope = '', breaker = ''] = keys
    const outcome = known(name, flight) ?? (await whileLeased(entry, owner, () => flight.send()))
    if (outcome.kind === 'unknown' || isSpent(outcome, flight.identity.refreshToken))
      sentHere.set(
        name,
        { scope, outcome, sends: flight.doubtfulSends + 1 },
        outcome.kind === 'unknown' ? attemptTimeoutMs + DOUBT_MS : replayWindowMs,
      )
    const { kind, text } = await summary(outcome, flight.identity.refreshToken, key, name)
    const limitedMs =
      outcome.kind === 'refused' && outcome.cause === 'limited' ? (outcome.retryAfterMs ?? 0) : 0
    const finish = () =>
      redis.run(
        FINISH,
        [entry, breaker],
        [owner, channel, name, kind, text, replayWindowMs, Math.round(limitedMs)],
      )
    // The intent stands until this is known: others hold.
    const told = await finish()
      .catch(finish)
      .catch(() => onWarning('unreachable'))
    if (told === 'ended') return { kind: 'ended', late: outcome }
    return outcome.kind === 'ok' && Number(told) > 0 ? { ...outcome, shared: true } : outcome
  }

  /** What this process learned of the token before; `undefined`: it may be sent. */
  function known(name: string, { doubtfulSends }: Flight): RefreshOutcome | undefined {
    const found = sentHere.get(name)
    if (!found) return undefined
    const { outcome, sends } = found.value
    if (outcome.kind === 'unknown' && doubtfulSends >= sends) return undefined
    if (outcome.kind !== 'ok' && outcome.kind !== 'unknown') return outcome
    return { ...outcome, ageMs: (outcome.ageMs ?? 0) + found.ageMs }
  }

  async function whileLeased<T>(entry: string, owner: string, task: () => Promise<T>): Promise<T> {
    let disarm = () => {}
    const beat = () => {
      disarm = clock.setTimer(
        () => {
          redis.run(RENEW, [entry], [owner, leaseMs]).catch(() => {})
          beat()
        },
        leaseMs / 3,
        'background',
      )
    }
    beat()
    try {
      return await task()
    } finally {
      disarm()
    }
  }

  function end(identity: FlightIdentity): void {
    ring.end(identity)
    void endAcross(identity).catch(() => onWarning('unreachable'))
  }

  async function endAcross(identity: FlightIdentity): Promise<void> {
    const { refreshToken, sessionId } = identity
    const name = refreshToken === undefined ? '' : await hash(flightText(identity))
    const isWhole = sessionId !== undefined
    const keys = [flightKey(name), scopeKey(await hash(scopeText(identity)))]
    for (const [key, { scope }] of sentHere.entries())
      if (key === name || (isWhole && scope === keys[1])) sentHere.delete(key)
    const bury = () =>
      redis.run(END, keys, [channel, name, attemptTimeoutMs + replayWindowMs + DOUBT_MS, isWhole ? '1' : '0'])
    await bury().catch(bury)
  }

  async function opened(
    key: Key,
    name: string,
    sealed: string,
    ageMs: number,
  ): Promise<RefreshOutcome | undefined> {
    const text = await unseal(key, sealed, name)
    if (text === undefined) return undefined
    const outcome = JSON.parse(text) as RefreshOutcome
    if (outcome.kind !== 'ok') return outcome
    return { ...outcome, shared: true, ...(ageMs > 0 && { ageMs: ageMs + (outcome.ageMs ?? 0) }) }
  }

  return {
    run,
    end,
    /** Closes the connection for pushes. */
    close: () => void listening?.then((stop) => stop()).catch(() => {}),
  }
}

/** The token must not be sent again, whatever anybody remembers. */
const isSpent = (outcome: RefreshOutcome, sentToken: string | undefined) =>
  outcome.kind === 'rejected' ||
  (outcome.kind === 'ok' && (outcome.final === true || (outcome.refreshToken ?? sentToken) !== sentToken))

/** What Redis is told of an outcome. `alive`: the token may be sent again, by whoever needs it. */
async function summary(
  outcome: RefreshOutcome,
  sentToken: string | undefined,
  key: Key,
  name: string,
): Promise<{ readonly kind: string; readonly text: string }> {
  if (outcome.kind === 'unknown')
    return { kind: 'unknown', text: outcome.consumed ? 'consumed' : outcome.answered ? 'answered' : 'silent' }
  if (isSpent(outcome, sentToken))
    return { kind: 'done', text: await seal(key, JSON.stringify(outcome), name) }
  return { kind: outcome.kind === 'ok' ? 'alive' : 'refused', text: '' }
}

function unknownOf(known: string, ageMs: number): RefreshOutcome {
  return {
    kind: 'unknown',
    cause: known === 'consumed' ? 'consumed' : 'timeout',
    answered: known !== 'silent' && known !== '',
    ...(known === 'consumed' && { consumed: true }),
    ...(ageMs > 0 && { ageMs }),
  }
}
