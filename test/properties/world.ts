import {
  createSession,
  inProcessCoordinator,
  memoryStore,
  type RefreshPolicy,
  type ResendPolicy,
  type Session,
  type SessionNotice,
  type SessionSignal,
  type SessionStore,
} from 'xstate-session'
import { createRecorder, type SessionRecorder } from 'xstate-session/recorder'
import { fakeClock } from '../fakeClock.ts'
import type { Bearer, Call as CallEvent, Family, HistoryEvent, Send } from '../proof/judge/history.ts'
import { callName } from '../proof/judge/invariants/calls.ts'
import { createJudge } from '../proof/judge/judge.ts'
import { toStored } from '../proof/judge/toStored.ts'
import { apiOf } from '../proof/world/api.ts'
import { START } from '../proof/world/place.ts'
import { createProvider, type Outcome, type Presented } from '../proof/world/provider.ts'

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

/** As the judge calls a member. */
export const nameOf = (by: number) => `p${by + 1}`

/** Sessions on one virtual clock, a provider with rotation and reuse detection, an API, and the history of it all. */
export function createWorld(options: WorldOptions) {
  const { lateMs = 0, defer = (work) => work() } = options
  const clock = fakeClock(START, lateMs)
  const history = {
    sends: [] as Presented[],
    calls: [] as Call[],
    /** Of every request with a bearer, and without. */
    urls: [] as string[],
    notices: [] as (SessionNotice & { readonly by: number; readonly at: number })[],
    revoked: [] as string[],
    /** Refresh tokens that arrived when nobody could adopt them any more. */
    orphans: [] as string[],
    /** After its deadline an answer proved something. */
    proofsCameLate: false,
    /** Flights that somebody ended before their deadline. */
    cutShort: [] as Send[],
    /** Tokens handed out although they had ended. */
    dishonest: [] as string[],
    listenerErrors: [] as unknown[],
    shocks: [] as { readonly kind: string; readonly at: number }[],
  }
  /** How each bearer began to live: by the wall clock, and how far it had been set forward. */
  const lives = new WeakMap<Bearer, { readonly wall: number; readonly skippedMs: number }>()
  /** How far the wall clock has been set forward in all: a session may take each step for a sleep. */
  let skippedMs = 0
  const pending: Presented[] = []
  const held: Held[] = []
  let calls = 0
  let apiMode: 'ok' | 'once401' | 'always401' | 'hold' = 'ok'
  let storeFails = false
  let heals = false

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

  const provider = createProvider({
    resend: options.resend,
    lifeMs: options.lifeMs,
    mark: `${MARK}_`,
    hasLedger: options.coordinated,
    now: clock.monotonic,
    note,
    onMinted: (bearer) => lives.set(bearer, { wall: clock.wall(), skippedMs }),
    onPresented(presented) {
      history.sends.push(presented)
      pending.push(presented)
      if (heals) answerNow(pending.length - 1, 'ok')
    },
    onGivenUp({ send }) {
      // The deadline counts from before the hash.
      if (send.closedAt === undefined && !options.defer && clock.monotonic() - send.at < 25_000)
        history.cutShort.push(send)
    },
    async revoke(_, token) {
      if (token) history.revoked.push(token)
      return true
    },
  })

  function answerNow(index: number, outcome: Outcome) {
    const [waiting] = pending.splice(index, 1)
    if (!waiting) return
    const { send } = waiting
    const isLate = send.closedAt !== undefined
    waiting.answer(outcome)
    const { result, family } = send
    // What comes late proves something if it brings tokens, or says that nothing was processed, or to a ledger that nobody will.
    const proofs: (typeof result)[] = ['rotated', 'kept', 'refused', 'unsupported']
    if (isLate && outcome !== 'foreign' && proofs.includes(result)) history.proofsCameLate = true
    const isRenewed = outcome !== 'foreign' && (result === 'rotated' || result === 'kept')
    // An attempt that was given up may have been joined by the next one in the coordinator.
    if (isRenewed && !options.coordinated && !isAdoptable(send))
      history.orphans.push(provider.tokenOf(family))
  }

  const fetchOf = (by: number): typeof globalThis.fetch => {
    const api = apiOf(nameOf(by), { note, bearer: provider.bearer, answer: statusOf })
    function statusOf(bearer: Bearer): number | Promise<number> {
      const mode = apiMode
      if (mode !== 'always401') apiMode = 'ok'
      if (mode !== 'hold') return mode === 'ok' ? 200 : 401
      return new Promise((release) => held.push({ by, bearer: bearer.name, release }))
    }
    return (input, init) => {
      history.urls.push(new Request(input).url)
      return api(input, init)
    }
  }

  /** Who logged in, by epoch: of the member itself, else of a peer on the same store. */
  const epochs = new Map<string, Family>()
  const epochOf = (by: number) => member(by).session.getSnapshot().epoch
  const familyOf = (by: number) => epochs.get(`${by}:${epochOf(by)}`) ?? epochs.get(`store:${epochOf(by)}`)
  function noteEpoch(by: number, family: Family) {
    epochs.set(`${by}:${epochOf(by)}`, family)
    if (options.stored && !storeFails) epochs.set(`store:${epochOf(by)}`, family)
  }

  function isAdoptable({ by: name, family }: Send): boolean {
    const by = members.findIndex((_, index) => nameOf(index) === name)
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
      strategies: { openid: provider.strategy(nameOf(by)) },
      refresh: options.policy,
      clock,
      random: () => 0.5,
      fetch: fetchOf(by),
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
    const wallLeft =
      options.sessions > 1 ? Infinity : life.wall + bearer.endsAt - bearer.mintedAt - clock.wall()
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
        const bearer = kind === 'getToken' ? provider.bearer(call.result) : undefined
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
    members,
    pending,
    held,
    join,
    familyOf,
    /** The newest bearer of the session's family that the provider has issued. */
    newestBearer(by: number) {
      const family = familyOf(by)
      return family?.bearers.at(-1)?.name
    },
    /** The newest refresh token of the family is still the one that the session holds. */
    isConsumed: (family: Family) =>
      history.sends.some(
        ({ send, outcome }) => send.family === family && (outcome === 'lost' || outcome === 'consumed'),
      ),
    answer: (index: number, outcome: Outcome) =>
      pending.length > 0 && answerNow(index % pending.length, outcome),
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
      const { family, answer } = provider.login(user, clock.wall())
      const token = answer.refreshToken ?? ''
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
