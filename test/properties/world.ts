import {
  createSession,
  inProcessCoordinator,
  type LoginAnswer,
  memoryStore,
  type RefreshOutcome,
  type RefreshPolicy,
  type RefreshRequest,
  type ResendPolicy,
  type RevokeRequest,
  type Session,
  type SessionNotice,
  type SessionSignal,
  type SessionStore,
  type SessionStrategy,
} from 'xstate-session'
import { createRecorder, type SessionRecorder } from 'xstate-session/recorder'
import { fakeClock } from '../fakeClock.ts'
import { createIssuer } from '../proof/issuer.ts'
import type {
  Bearer,
  Call as CallEvent,
  Family,
  HistoryEvent,
  Send as SendEvent,
} from '../proof/judge/history.ts'
import { callName } from '../proof/judge/invariants/calls.ts'
import { createJudge } from '../proof/judge/judge.ts'
import { toStored } from '../proof/judge/toStored.ts'
import { START } from '../proof/world/place.ts'

/** Lets everything run that waits for nobody but the event loop. */
export const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const BASE_URL = 'https://chat.example/api/'
/** The default of `maxLifetimeMs`. */
const MAX_LIFE_MS = 86_400_000
/** In every token, so that any sink can be searched for them. */
export const MARK = 'S3CR3T'

export interface WorldOptions {
  readonly lifeMs: number
  readonly policy: RefreshPolicy
  readonly resend: ResendPolicy
  readonly sessions: number
  readonly coordinated: boolean
  readonly stored: boolean
  readonly idleTimeoutMs?: number
  readonly absoluteLifetimeMs?: number
  /** How much later than asked every timer fires. */
  readonly lateMs?: number
  /** Runs what must not be run at once: a scheduler of fast-check. */
  readonly defer?: <T>(work: () => Promise<T>) => Promise<T>
}

export const ANSWERS = [
  'ok',
  'keep',
  'refused',
  'limited',
  'misconfigured',
  'unknown',
  'failed',
  'lost',
  'consumed',
  'rejected',
  'unsupported',
  'forGood',
  'short',
  'noBearer',
  'foreign',
  'throw',
] as const
export type AnswerKind = (typeof ANSWERS)[number]

/** One presentation of a refresh token. */
export interface Send {
  readonly by: number
  /** The same, as the judge hears of it. */
  readonly event: SendEvent
  readonly token: string
  readonly family: Family
  readonly at: number
  /** Its place in the order of all things, of which many happen at one instant. */
  readonly order: number
  /** When the request was over, for the network: answered or aborted. */
  closedAt?: number
  closed?: number
  result?: RefreshOutcome['kind'] | 'rotated' | 'consumed'
  answer?: AnswerKind
  /** The deadline came before the answer. */
  isGivenUp?: boolean
  /** What came after the deadline. */
  late?: { readonly order: number; readonly result: Send['result'] }
}

interface Pending {
  readonly send: Send
  readonly signal: AbortSignal
  resolve(outcome: RefreshOutcome): void
  reject(error: unknown): void
}

export interface Call {
  readonly by: number
  readonly kind: 'getToken' | 'refresh' | 'fetch'
  readonly family: Family | undefined
  readonly at: number
  readonly aborted: AbortController
  settledAt?: number
  result?: string
  error?: unknown
}

interface Held {
  readonly by: number
  readonly bearer: string
  release(status: number): void
}

export interface Member {
  readonly session: Session
  isDisposed: boolean
  report: (signal: SessionSignal) => void
  listening: number
  readonly recorder: SessionRecorder
}

export type World = ReturnType<typeof createWorld>

/** Sessions on one virtual clock, a provider with rotation and reuse detection, an API, and the history of it all. */
export function createWorld(options: WorldOptions) {
  const { lateMs = 0, defer = (work) => work() } = options
  const clock = fakeClock(START, lateMs)
  const history = {
    sends: [] as Send[],
    calls: [] as Call[],
    /** Of every request with a bearer, and without. */
    urls: [] as string[],
    notices: [] as (SessionNotice & { readonly by: number; readonly at: number })[],
    revoked: [] as string[],
    /** Refresh tokens that arrived when nobody could adopt them any more. */
    orphans: [] as string[],
    reuse: [] as Send[],
    /** Flights that somebody ended before their deadline. */
    cutShort: [] as Send[],
    /** Tokens handed out although they had ended. */
    dishonest: [] as string[],
    listenerErrors: [] as unknown[],
    shocks: [] as { readonly kind: string; readonly at: number }[],
  }
  const issuer = createIssuer(clock.monotonic, `${MARK}_`)
  const { add, rotate, tokenOf } = issuer
  /** How each bearer began to live: by the wall clock, and for how long. */
  const lives = new WeakMap<
    Bearer,
    { readonly wall: number; readonly lifeMs: number; readonly skippedMs: number }
  >()
  /** How far the wall clock has been set forward in all: a session may take each step for a sleep. */
  let skippedMs = 0
  const pending: Pending[] = []
  const held: Held[] = []
  const rejected = new Set<string>()
  let order = 0
  let calls = 0
  let apiMode: 'ok' | 'once401' | 'always401' | 'hold' = 'ok'
  let storeFails = false
  let heals = false

  function mint(family: Family, lifeMs = options.lifeMs) {
    // A session believes in no longer life.
    const bearer = issuer.mint(family, Math.min(lifeMs, MAX_LIFE_MS))
    lives.set(bearer, { wall: clock.wall(), lifeMs, skippedMs })
    return bearer
  }

  const judge = createJudge({
    resend: options.resend,
    // Signals and steps of the clock bring refreshes forward: I11 is judged at each late 401 instead.
    dueMs: Infinity,
    kind: options.stored ? 'tabs' : 'memory',
    hasIntents: false,
    now: clock.monotonic,
    isIdle: () => false,
    // A deferred hash or write takes time that no platform's takes.
    hasEnded: (bearer) => !options.defer && !isHonest(bearer),
    mayHaveEnded: (bearer) => leftOf(bearer) - (skippedMs - (lives.get(bearer)?.skippedMs ?? 0)) <= 0,
  })
  const note = (event: HistoryEvent) => judge.note(event)
  // What one copy of a session has left, the others may not have heard of.
  const nameOf = (by: number) => `p${by + 1}`

  const inner = memoryStore()
  const storeOf = (by: number): SessionStore => ({
    ...inner,
    read: () =>
      defer(async () => {
        if (storeFails) throw new Error('the store is away')
        const stored = await inner.read()
        note({ type: 'looked', by: nameOf(by), stored: toStored(stored) })
        return stored
      }),
    compareAndSet: (expected, next) =>
      defer(async () => {
        if (storeFails) throw new Error('the store is away')
        const before = toStored(await inner.read())
        const isDone = await inner.compareAndSet(expected, next)
        const after = toStored(await inner.read())
        if (after && isDone) note({ type: 'committed', by: nameOf(by), before, after })
        return isDone
      }),
  })
  const coordinator = inProcessCoordinator({
    clock,
    hash: (text) => defer(async () => text),
  })

  function strategyOf(by: number): SessionStrategy {
    return {
      needsRefreshToken: true,
      resend: options.resend,
      refresh(request: RefreshRequest) {
        const token = request.refreshToken ?? 'none'
        const known = issuer.token(token)
        if (!known) throw new Error('a token from nowhere')
        const { family } = known
        // As every `fetch` does: what was aborted before does not leave.
        if (request.signal.aborted)
          return Promise.resolve({ kind: 'unknown', cause: 'timeout', answered: false })
        const event: SendEvent = { by: nameOf(by), token, ...known, at: clock.monotonic() }
        note({ type: 'sent', send: event })
        const send: Send = {
          by,
          event,
          token,
          family,
          at: clock.monotonic(),
          order: ++order,
        }
        history.sends.push(send)
        return new Promise<RefreshOutcome>((resolve, reject) => {
          pending.push({ send, signal: request.signal, resolve, reject })
          if (heals) answerNow(pending.length - 1, 'ok')
          request.signal.addEventListener('abort', () => {
            if (send.closedAt !== undefined) return
            // The deadline counts from before the hash.
            if (!options.defer && clock.monotonic() - send.at < 25_000) history.cutShort.push(send)
            Object.assign(send, {
              closedAt: clock.monotonic(),
              closed: ++order,
              result: 'unknown',
              isGivenUp: true,
            })
            closeFor(send, 'unknown')
          })
        })
      },
      async revoke(request: RevokeRequest) {
        if (request.refreshToken) {
          history.revoked.push(request.refreshToken)
          note({ type: 'revoked', token: request.refreshToken })
        }
        return true
      },
    }
  }

  function closeFor({ event }: Send, result: NonNullable<SendEvent['result']>) {
    note({ type: 'closed', send: Object.assign(event, { closedAt: clock.monotonic(), result }) })
  }

  function answerNow(index: number, kind: AnswerKind) {
    const [waiting] = pending.splice(index, 1)
    if (!waiting) return
    const { send, resolve, reject } = waiting
    const { family } = send
    const isReuse = send.token !== tokenOf(family)
    const proofs = ['rotated', 'ok', 'refused', ...(options.coordinated ? ['unsupported'] : [])]
    const close = (result: Send['result']) => {
      send.answer = kind
      const isLate = send.closedAt !== undefined
      // Of what comes too late a session believes new tokens, and that nothing was processed; the rest is for a ledger.
      const isBelieved = options.coordinated || ['rotated', 'ok', 'refused'].includes(result ?? '')
      if (!isLate || (isBelieved && result !== 'unknown'))
        closeFor(send, result === 'ok' ? 'kept' : kind === 'failed' ? 'answered' : (result ?? 'unknown'))
      if (!isLate) Object.assign(send, { closedAt: clock.monotonic(), closed: ++order, result })
      // Of what comes after the deadline only what proves something counts: that the backend does not refresh, to a ledger.
      else if (kind !== 'foreign' && proofs.includes(result ?? '')) send.late = { order: ++order, result }
    }
    const says = (outcome: RefreshOutcome) => {
      close(outcome.kind)
      resolve(outcome)
    }
    const isProcessed = ['ok', 'keep', 'lost', 'consumed', 'short', 'noBearer', 'foreign'].includes(kind)
    if (isReuse && isProcessed) {
      history.reuse.push(send)
      return says({ kind: 'rejected', reason: 'refreshRejected', security: 'reuse' })
    }
    const renewed = (lifeMs: number, bearer: boolean, user = family.user) => {
      const refreshToken = kind === 'keep' ? tokenOf(family) : rotate(family)
      close(kind === 'keep' ? 'ok' : 'rotated')
      const minted = bearer ? mint(family, lifeMs) : undefined
      if (kind !== 'foreign')
        note({ type: 'delivered', by: send.event.by, family, token: refreshToken, bearer: minted })
      // An attempt that was given up may have been joined by the next one in the coordinator.
      const isSecret = options.coordinated && send.closed !== undefined
      if (kind !== 'foreign' && !isSecret && !isAdoptable(send)) history.orphans.push(refreshToken)
      resolve({
        kind: 'ok',
        refreshToken,
        ...(minted && { bearer: minted.name }),
        user: { id: user },
        life: { expiresIn: lifeMs / 1_000 },
      })
    }
    switch (kind) {
      case 'ok':
      case 'keep':
        return renewed(options.lifeMs, true)
      case 'short':
        return renewed(0, true)
      case 'noBearer':
        return renewed(0, false)
      case 'foreign':
        return renewed(options.lifeMs, true, 'mallory')
      case 'refused':
        return says({ kind: 'refused', cause: 'network' })
      case 'limited':
        return says({ kind: 'refused', cause: 'limited', retryAfterMs: 3_000 })
      case 'misconfigured':
        return says({ kind: 'refused', cause: 'misconfigured' })
      case 'unknown':
        return says({ kind: 'unknown', cause: 'network', answered: false })
      case 'lost':
        rotate(family)
        return says({ kind: 'unknown', cause: 'network', answered: false })
      case 'failed':
        return says({ kind: 'unknown', cause: 'refreshFailed', answered: true })
      case 'consumed':
        rotate(family)
        close('consumed')
        return resolve({ kind: 'unknown', cause: 'consumed', answered: true, consumed: true })
      case 'rejected':
        return says({ kind: 'rejected', reason: 'refreshRejected' })
      case 'unsupported':
        return says({ kind: 'unsupported', forGood: false })
      case 'forGood':
        return says({ kind: 'unsupported', forGood: true })
      case 'throw':
        close('unknown')
        return reject(new Error('the strategy is broken'))
    }
  }

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const bearer = request.headers.get('authorization')?.replace('Bearer ', '') ?? null
    const issued = bearer === null ? undefined : issuer.bearer(bearer)
    const call = request.headers.get('x-call') ?? ''
    const by = Number(/\d+/.exec(call)?.[0]) - 1
    const body = await request.text()
    if (issued) note({ type: 'wired', by: nameOf(by), call, bearer: issued, body })
    history.urls.push(request.url)
    const status = (code: number) => new Response('', { status: code })
    if (bearer === null) return status(200)
    if (apiMode === 'always401') return reject401(bearer)
    if (apiMode === 'once401') {
      apiMode = 'ok'
      return reject401(bearer)
    }
    if (apiMode === 'hold') {
      apiMode = 'ok'
      return new Promise<Response>((resolve) => {
        held.push({
          by,
          bearer,
          release: (code) => resolve(code === 401 ? reject401(bearer) : status(code)),
        })
      })
    }
    return status(200)
  }
  const reject401 = (bearer: string) => {
    rejected.add(bearer)
    const issued = issuer.bearer(bearer)
    if (issued) issued.isRejected = true
    return new Response('', { status: 401 })
  }

  /** Who logged in, by epoch: of the member itself, else of a peer on the same store. */
  const epochs = new Map<string, Family>()
  const epochOf = (by: number) => member(by).session.getSnapshot().epoch
  const familyOf = (by: number) => epochs.get(`${by}:${epochOf(by)}`) ?? epochs.get(`store:${epochOf(by)}`)
  function noteEpoch(by: number, family: Family) {
    epochs.set(`${by}:${epochOf(by)}`, family)
    if (options.stored && !storeFails) epochs.set(`store:${epochOf(by)}`, family)
  }

  function isAdoptable({ by, family }: Send): boolean {
    const { reason } = member(by).session.getSnapshot()
    if (member(by).isDisposed || familyOf(by) !== family) return false
    return reason === null || reason === 'refreshRejected' || reason === 'refreshOutcomeUnknown'
  }

  const members: Member[] = []
  function join() {
    const by = members.length
    const member: Member = {
      isDisposed: false,
      report: () => {},
      listening: 0,
      recorder: createRecorder({ maxBytes: 2_000 }),
      session: undefined as never,
    }
    members.push(member)
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: strategyOf(by) },
      refresh: options.policy,
      clock,
      random: () => 0.5,
      fetch,
      ...(options.idleTimeoutMs !== undefined && { idleTimeoutMs: options.idleTimeoutMs }),
      ...(options.absoluteLifetimeMs !== undefined && { absoluteLifetimeMs: options.absoluteLifetimeMs }),
      ...(options.coordinated && { coordinator }),
      ...(options.stored && { store: storeOf(by) }),
      signals(report) {
        member.listening += 1
        member.report = report
        return () => {
          member.listening -= 1
          member.report = () => {}
        }
      },
      observe(notice) {
        history.notices.push({ ...notice, by, at: clock.monotonic() })
        note({ type: 'told', by: nameOf(by), notice })
      },
      onListenerError: (error) => history.listenerErrors.push(error),
      recorder: member.recorder,
    })
    Object.assign(member, { session })
    let last = session.actorRef.getSnapshot()
    session.actorRef.subscribe({
      next(snapshot) {
        const { value: to, context } = snapshot
        if (to !== last.value) {
          const { reason, user } = context
          note({ type: 'moved', by: nameOf(by), from: last.value, to, reason, user: user?.id })
        }
        last = snapshot
      },
      error: () => note({ type: 'failed', by: nameOf(by) }),
    })
    return member
  }
  for (let count = 0; count < options.sessions; count++) join()

  const leftOf = ({ endsAt }: Bearer) => endsAt - clock.monotonic()

  /** Whether a bearer lives by both clocks. */
  function isHonest(bearer: Bearer): boolean {
    const life = lives.get(bearer)
    if (!life) return false
    // What another member was told is aged by the monotonic clock alone.
    const wallLeft = options.sessions > 1 ? Infinity : life.wall + life.lifeMs - clock.wall()
    return Math.min(wallLeft, leftOf(bearer)) > 0
  }

  function follow(
    by: number,
    kind: Call['kind'],
    start: (signal: AbortSignal, name: string) => Promise<unknown>,
  ): Call {
    const aborted = new AbortController()
    const event: CallEvent = {
      by: nameOf(by),
      kind,
      number: ++calls,
      at: clock.monotonic(),
      user: member(by).session.getSnapshot().user?.id,
    }
    const call: Call = {
      by,
      kind,
      family: familyOf(by),
      at: clock.monotonic(),
      aborted,
    }
    history.calls.push(call)
    note({ type: 'called', call: event })
    start(aborted.signal, callName(event)).then(
      (value) => {
        call.settledAt = clock.monotonic()
        call.result =
          typeof value === 'string' ? value : value instanceof Response ? `${value.status}` : 'done'
        const bearer = kind === 'getToken' ? issuer.bearer(call.result) : undefined
        if (bearer) note({ type: 'returned', call: event, bearer })
        // A deferred hash or write takes time that no platform's takes.
        if (kind === 'getToken' && !options.defer && !(bearer && isHonest(bearer)))
          history.dishonest.push(call.result)
        note({ type: 'settled', call: event })
      },
      (error) => {
        call.settledAt = clock.monotonic()
        call.error = error
        note({ type: 'settled', call: event })
      },
    )
    return call
  }

  return {
    options,
    clock,
    history,
    /**
     * What the judge has found. A deferred hash takes time that no platform's takes, and a late timer keeps an attempt open
     * beyond its deadline: what came of it then the judge does not know.
     */
    violations: () =>
      judge.violations().filter(({ invariant }) => !(options.defer || lateMs > 0) || invariant !== 'I14'),
    bearer: issuer.bearer,
    members,
    pending,
    held,
    rejected,
    join,
    familyOf,
    /** The newest bearer of the session's family that the provider has issued. */
    newestBearer(by: number) {
      const family = familyOf(by)
      return family?.bearers.at(-1)?.name
    },
    familyOfBearer: (bearer: string) => issuer.bearer(bearer)?.family,
    /** The newest refresh token of the family is still the one that the session holds. */
    isConsumed: (family: Family) =>
      history.sends.some(
        (send) => send.family === family && ['lost', 'consumed'].includes(send.answer ?? ''),
      ),
    answer: (index: number, kind: AnswerKind) =>
      pending.length > 0 && answerNow(index % pending.length, kind),
    heal() {
      heals = true
      apiMode = 'ok'
      storeFails = false
      while (pending.length) answerNow(0, 'ok')
      for (const { release } of held.splice(0)) release(200)
    },
    jumpWall(ms: number) {
      skippedMs += Math.max(ms, 0)
      clock.jumpWall(ms)
    },
    failStore(fails: boolean) {
      storeFails = fails
    },
    api(mode: typeof apiMode) {
      apiMode = mode
    },
    getToken: (by: number) => follow(by, 'getToken', (signal) => member(by).session.getToken({ signal })),
    refresh: (by: number, how: 'user' | 'force') =>
      follow(by, 'refresh', () => member(by).session.refresh({ by: how })),
    fetch: (by: number) =>
      follow(by, 'fetch', (signal, name) =>
        member(by).session.fetch('/api/admin/users', {
          method: 'POST',
          body: `body ${name}`,
          headers: { 'x-call': name },
          signal,
        }),
      ),
    /** All members share one login where they share a coordinator and no store: copies of one session. */
    login(by: number, user: string): Promise<void>[] {
      const family = add(user)
      const token = tokenOf(family)
      const answer: LoginAnswer = {
        token: mint(family).name,
        refreshToken: token,
        user: { id: user },
        expiresAt: clock.wall() + options.lifeMs,
      }
      const copies = options.coordinated && !options.stored ? members.keys() : [by].values()
      return [...copies].map(async (index) => {
        note({ type: 'login', by: nameOf(index), family, token })
        const done = member(index).session.login(answer, {
          provider: 'openid',
          tenantId: 'blue',
          sessionId: 's1',
        })
        if (!options.stored) noteEpoch(index, family)
        await done
        noteEpoch(index, family)
        note({ type: 'loggedIn', by: nameOf(index), family })
      })
    },
    logout(by: number): Promise<void> {
      const family = familyOf(by)
      note({ type: 'logout', by: nameOf(by), user: family?.user })
      return member(by).session.logout()
    },
    dispose(by: number) {
      const one = member(by)
      one.isDisposed = true
      one.session.dispose()
    },
  }

  function member(by: number): Member {
    return members[by % members.length] as Member
  }
}
