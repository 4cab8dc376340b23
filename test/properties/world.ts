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
  type SessionStateName,
  type SessionStore,
  type SessionStrategy,
} from 'xstate-session'
import { createRecorder, type SessionRecorder } from 'xstate-session/recorder'
import { fakeClock } from '../fakeClock.ts'

/** Lets everything run that waits for nobody but the event loop. */
export const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const BASE_URL = 'https://chat.example/api/'
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
  readonly token: string
  readonly family: Family
  readonly at: number
  /** Its place in the order of all things, of which many happen at one instant. */
  readonly order: number
  /** What the chart of the sender believed of its bearer. */
  readonly spent: boolean
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

/** What one login started, as the provider knows it. */
export interface Family {
  readonly id: number
  readonly user: string
  index: number
  bearers: number
}

interface Bearer {
  readonly family: Family
  readonly number: number
  readonly lifeMs: number
  readonly wall: number
  readonly mono: number
}

export interface Call {
  readonly by: number
  readonly kind: 'getToken' | 'refresh' | 'fetch'
  readonly family: Family | undefined
  readonly at: number
  readonly aborted: AbortController
  /** What its session had left already when the call settled. */
  familiesLeft: ReadonlySet<Family>
  settledAt?: number
  result?: string
  error?: unknown
}

export interface Wire {
  readonly call: string
  readonly url: string
  readonly bearer: string | null
  readonly body: string
  /** The sessions that had logged out of the family of the bearer when the request left. */
  readonly isDead: boolean
}

interface Held {
  readonly by: number
  readonly bearer: string
  release(status: number): void
}

export interface Member {
  readonly session: Session
  /** The families that this member has left by a logout. */
  readonly left: Set<Family>
  isDisposed: boolean
  report: (signal: SessionSignal) => void
  listening: number
  readonly edges: [SessionStateName, SessionStateName, string | null][]
  readonly failures: unknown[]
  readonly recorder: SessionRecorder
}

export type World = ReturnType<typeof createWorld>

/** Sessions on one virtual clock, a provider with rotation and reuse detection, an API, and the history of it all. */
export function createWorld(options: WorldOptions) {
  const clock = fakeClock()
  const { lateMs = 0, defer = (work) => work() } = options
  const lateClock = {
    ...clock,
    setTimer: (fire: () => void, ms: number, kind: 'background' | 'foreground') =>
      // The clock itself refuses a delay that is none.
      clock.setTimer(fire, ms > 2 ** 31 - 1 - lateMs || ms < 0 ? ms : ms + lateMs, kind),
  }
  const history = {
    sends: [] as Send[],
    calls: [] as Call[],
    wire: [] as Wire[],
    notices: [] as (SessionNotice & { readonly by: number; readonly at: number })[],
    revoked: [] as string[],
    /** Refresh tokens that arrived when nobody could adopt them any more. */
    orphans: [] as string[],
    reuse: [] as Send[],
    /** Refresh tokens that left when their session had logged out. */
    afterLogout: [] as string[],
    /** Flights that somebody ended before their deadline. */
    cutShort: [] as Send[],
    /** Tokens handed out although they had ended. */
    dishonest: [] as string[],
    listenerErrors: [] as unknown[],
    shocks: [] as { readonly kind: string; readonly at: number }[],
  }
  const bearers = new Map<string, Bearer>()
  const tokens = new Map<string, Family>()
  const pending: Pending[] = []
  const held: Held[] = []
  const rejected = new Set<string>()
  let order = 0
  let families = 0
  let calls = 0
  let apiMode: 'ok' | 'once401' | 'always401' | 'hold' = 'ok'
  let storeFails = false
  let heals = false

  const newFamily = (user: string): Family => ({ id: ++families, user, index: 1, bearers: 0 })
  function mint(family: Family, lifeMs = options.lifeMs) {
    const bearer = `${MARK}_b_${family.id}_${++family.bearers}`
    bearers.set(bearer, {
      family,
      number: family.bearers,
      lifeMs,
      wall: clock.wall(),
      mono: clock.monotonic(),
    })
    return bearer
  }
  function refreshTokenOf(family: Family) {
    const token = `${MARK}_r_${family.id}_${family.index}`
    tokens.set(token, family)
    return token
  }

  const inner = memoryStore()
  const store: SessionStore = {
    read: () =>
      defer(async () => {
        if (storeFails) throw new Error('the store is away')
        return inner.read()
      }),
    compareAndSet: (expected, next) =>
      defer(async () => {
        if (storeFails) throw new Error('the store is away')
        return inner.compareAndSet(expected, next)
      }),
  }
  const coordinator = inProcessCoordinator({
    clock: lateClock,
    hash: (text) => defer(async () => text),
  })

  function strategyOf(by: number): SessionStrategy {
    return {
      needsRefreshToken: true,
      resend: options.resend,
      refresh(request: RefreshRequest) {
        const token = request.refreshToken ?? 'none'
        const family = tokens.get(token)
        if (!family) throw new Error('a token from nowhere')
        // As every `fetch` does: what was aborted before does not leave.
        if (request.signal.aborted)
          return Promise.resolve({ kind: 'unknown', cause: 'timeout', answered: false })
        if (member(by).left.has(family)) history.afterLogout.push(token)
        const send: Send = {
          by,
          token,
          family,
          at: clock.monotonic(),
          order: ++order,
          spent:
            familyOf(by) !== family || member(by).session.actorRef.getSnapshot().context.bearer !== 'good',
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
          })
        })
      },
      async revoke(request: RevokeRequest) {
        if (request.refreshToken) history.revoked.push(request.refreshToken)
        return true
      },
    }
  }

  function answerNow(index: number, kind: AnswerKind) {
    const [waiting] = pending.splice(index, 1)
    if (!waiting) return
    const { send, resolve, reject } = waiting
    const { family } = send
    const isReuse = send.token !== refreshTokenOf(family)
    const proofs = ['rotated', 'ok', 'refused', ...(options.coordinated ? ['unsupported'] : [])]
    const close = (result: Send['result']) => {
      send.answer = kind
      if (send.closedAt === undefined)
        Object.assign(send, { closedAt: clock.monotonic(), closed: ++order, result })
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
      if (kind !== 'keep') family.index += 1
      const refreshToken = refreshTokenOf(family)
      close(kind === 'keep' ? 'ok' : 'rotated')
      // An attempt that was given up may have been joined by the next one in the coordinator.
      const isSecret = options.coordinated && send.closed !== undefined
      if (kind !== 'foreign' && !isSecret && !isAdoptable(send)) history.orphans.push(refreshToken)
      resolve({
        kind: 'ok',
        refreshToken,
        ...(bearer && { bearer: mint(family, lifeMs) }),
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
        family.index += 1
        refreshTokenOf(family)
        return says({ kind: 'unknown', cause: 'network', answered: false })
      case 'failed':
        return says({ kind: 'unknown', cause: 'refreshFailed', answered: true })
      case 'consumed':
        family.index += 1
        refreshTokenOf(family)
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
    const family = bearer === null ? undefined : bearers.get(bearer)?.family
    const call = request.headers.get('x-call') ?? ''
    const by = Number(call.split('.')[0])
    history.wire.push({
      call,
      url: request.url,
      bearer,
      body: await request.text(),
      isDead: family !== undefined && members[by]?.left.has(family) === true,
    })
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
      left: new Set(),
      isDisposed: false,
      report: () => {},
      listening: 0,
      edges: [],
      failures: [],
      recorder: createRecorder({ maxBytes: 2_000 }),
      session: undefined as never,
    }
    members.push(member)
    const session = createSession({
      baseUrl: BASE_URL,
      strategies: { openid: strategyOf(by) },
      refresh: options.policy,
      clock: lateClock,
      random: () => 0.5,
      fetch,
      ...(options.idleTimeoutMs !== undefined && { idleTimeoutMs: options.idleTimeoutMs }),
      ...(options.absoluteLifetimeMs !== undefined && { absoluteLifetimeMs: options.absoluteLifetimeMs }),
      ...(options.coordinated && { coordinator }),
      ...(options.stored && { store }),
      signals(report) {
        member.listening += 1
        member.report = report
        return () => {
          member.listening -= 1
          member.report = () => {}
        }
      },
      observe: (notice) => history.notices.push({ ...notice, by, at: clock.monotonic() }),
      onListenerError: (error) => history.listenerErrors.push(error),
      recorder: member.recorder,
    })
    Object.assign(member, { session })
    let last = session.actorRef.getSnapshot()
    session.actorRef.subscribe({
      next(snapshot) {
        if (snapshot.value !== last.value)
          member.edges.push([last.value, snapshot.value, snapshot.context.reason])
        last = snapshot
      },
      error: (error) => member.failures.push(error),
    })
    return member
  }
  for (let count = 0; count < options.sessions; count++) join()

  /** Whether a bearer lives by both clocks. */
  function isHonest(bearer: string): boolean {
    const known = bearers.get(bearer)
    if (!known) return false
    // What another member was told is aged by the monotonic clock alone.
    const wall = options.sessions > 1 ? 0 : clock.wall() - known.wall
    const gone = Math.max(wall, clock.monotonic() - known.mono)
    return known.lifeMs - gone > 0
  }

  function follow(by: number, kind: Call['kind'], start: (signal: AbortSignal) => Promise<unknown>): Call {
    const aborted = new AbortController()
    const call: Call = {
      by,
      kind,
      family: familyOf(by),
      at: clock.monotonic(),
      aborted,
      familiesLeft: new Set(),
    }
    history.calls.push(call)
    start(aborted.signal).then(
      (value) => {
        call.settledAt = clock.monotonic()
        call.familiesLeft = new Set(member(by).left)
        call.result =
          typeof value === 'string' ? value : value instanceof Response ? `${value.status}` : 'done'
        // A deferred hash or write takes time that no platform's takes.
        if (kind === 'getToken' && !options.defer && !isHonest(call.result))
          history.dishonest.push(call.result)
      },
      (error) => {
        call.settledAt = clock.monotonic()
        call.error = error
      },
    )
    return call
  }

  return {
    options,
    clock,
    history,
    bearers,
    members,
    store,
    pending,
    held,
    rejected,
    join,
    familyOf,
    /** The newest bearer of the session's family that the provider has issued. */
    newestBearer(by: number) {
      const family = familyOf(by)
      return family && `${MARK}_b_${family.id}_${family.bearers}`
    },
    familyOfBearer: (bearer: string) => bearers.get(bearer)?.family,
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
    failStore(fails: boolean) {
      storeFails = fails
    },
    api(mode: typeof apiMode) {
      apiMode = mode
    },
    getToken: (by: number) => follow(by, 'getToken', (signal) => member(by).session.getToken({ signal })),
    refresh: (by: number, how: 'user' | 'force') =>
      follow(by, 'refresh', () => member(by).session.refresh({ by: how })),
    fetch(by: number) {
      const id = `${by}.${++calls}`
      return follow(by, 'fetch', (signal) =>
        member(by).session.fetch('/api/admin/users', {
          method: 'POST',
          body: `body ${id}`,
          headers: { 'x-call': id },
          signal,
        }),
      )
    },
    /** All members share one login where they share a coordinator and no store: copies of one session. */
    login(by: number, user: string): Promise<void>[] {
      const family = newFamily(user)
      const answer: LoginAnswer = {
        token: mint(family),
        refreshToken: refreshTokenOf(family),
        user: { id: user },
        expiresAt: clock.wall() + options.lifeMs,
      }
      const copies = options.coordinated && !options.stored ? members.keys() : [by].values()
      return [...copies].map(async (index) => {
        const done = member(index).session.login(answer, {
          provider: 'openid',
          tenantId: 'blue',
          sessionId: 's1',
        })
        if (!options.stored) noteEpoch(index, family)
        await done
        noteEpoch(index, family)
      })
    },
    logout(by: number): Promise<void> {
      const family = familyOf(by)
      if (family) member(by).left.add(family)
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
