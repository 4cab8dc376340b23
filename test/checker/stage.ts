import type { ResendPolicy, SessionStateName } from '../../machines/session.types.ts'
import type { LoginAnswer } from '../../src/session/login.ts'
import type { SessionActorRef } from '../../src/session/session.ts'
import type { Choice, World } from './explore.ts'
import { settle } from './explore.ts'
import type { Call, Happening } from './happenings.ts'
import { callName } from './invariants/calls.ts'
import { createJudge, processOf } from './judge.ts'
import { createPorts } from './ports.ts'
import { createProvider, type Outcome } from './provider.ts'
import { createStepClock } from './stepClock.ts'

/** How often each thing may happen in one run, whoever does it. Absent: never. */
export interface Budget {
  readonly getToken?: number
  readonly fetch?: number
  readonly refresh?: number
  /** Answers of the API with 401. */
  readonly unauthorized?: number
  readonly logout?: number
  /** Logins by the same user again, and by another. */
  readonly again?: number
  readonly other?: number
  readonly crash?: number
  /** How often time may pass by a timer of a process that stands still. */
  readonly late?: number
}

export interface StageOptions {
  readonly budget: Budget
  readonly outcomes: readonly Outcome[]
  readonly resend?: ResendPolicy
  readonly lifeMs?: number
  /** How long before its end a bearer may be renewed. */
  readonly dueMs: number
  readonly hasStore: boolean
  readonly hasIntents: boolean
}

/** Somebody who uses a session: a page, a copy of it, a tab, a server on behalf of its browser. */
export interface Party {
  readonly name: string
  /** Who is logged in, as the session says. */
  user(): string | undefined
  getToken(): Promise<string>
  fetch(path: string, init: RequestInit): Promise<Response>
  refresh?(): Promise<unknown>
  login(answer: LoginAnswer): Promise<unknown>
  logout(): Promise<unknown>
  /** What can be seen of it. Instants are told from `now`. */
  print(): unknown
  describe(): string
}

export type Stage = ReturnType<typeof createStage>

/** The world around the code under test: everything in it that could happen next is a choice. */
export function createStage(options: StageOptions) {
  const { budget, resend = 'afterBearerEnds', lifeMs = 60_000 } = options
  const clock = createStepClock()
  /** Whose code runs. */
  let current = ''
  const ports = createPorts((owner) => {
    current = processOf(owner)
  })
  const judge = createJudge({
    resend,
    dueMs: options.dueMs,
    hasStore: options.hasStore,
    hasIntents: options.hasIntents,
    now: clock.now,
    isIdle: (by) => ports.isIdle(by),
  })
  const note = (happening: Happening) => judge.note(happening)
  const provider = createProvider({ outcomes: options.outcomes, resend, lifeMs, clock, ports, note })
  const parties: Party[] = []
  const spent: Record<keyof Budget, number> = {
    getToken: 0,
    fetch: 0,
    refresh: 0,
    unauthorized: 0,
    logout: 0,
    again: 0,
    other: 0,
    crash: 0,
    late: 0,
  }
  const isLeft = (what: keyof Budget) => spent[what] < (budget[what] ?? 0)
  const open = new Map<Call, string>()
  let calls = 0

  /** The API, with whatever carries a bearer. */
  const apiFetch =
    (by: string): typeof globalThis.fetch =>
    (_, init) => {
      const headers = init?.headers as Record<string, string>
      const bearer = provider.bearer(headers.authorization?.replace('Bearer ', '') ?? '')
      if (!bearer) throw new Error('a request without a bearer that was issued')
      const call = headers['x-call'] ?? ''
      note({ type: 'wired', by, call, bearer, body: String(init?.body) })
      return new Promise<Response>((resolve) => {
        const answer = (status: number) => () => {
          if (status === 401) {
            spent.unauthorized += 1
            bearer.isRejected = true
          }
          note({ type: 'answered', by, call, bearer, status })
          resolve(new Response(null, { status }))
        }
        ports.open(by, `API ${call} ${bearer.name}`, () => ({
          200: answer(200),
          ...(isLeft('unauthorized') && { 401: answer(401) }),
        }))
      })
    }

  function follow(party: Party, kind: Call['kind']) {
    const call: Call = { by: party.name, kind, number: ++calls, user: party.user() }
    open.set(call, `${call.by} ${kind} as ${call.user ?? 'nobody'}`)
    note({ type: 'called', call })
    const done = () => {
      open.delete(call)
      note({ type: 'settled', call })
    }
    const name = callName(call)
    const asked =
      kind === 'getToken'
        ? party.getToken().then((token) => {
            const bearer = provider.bearer(token)
            if (!bearer) throw new Error('a token from nowhere')
            note({ type: 'returned', call, bearer })
          })
        : kind === 'fetch'
          ? party.fetch('/api/admin/users', {
              method: 'POST',
              body: `body of ${name}`,
              headers: { 'x-call': name },
            })
          : (party.refresh?.() ?? Promise.resolve())
    asked.then(done, done)
  }

  async function login(party: Party, user: string) {
    const { family, answer } = provider.login(user)
    note({ type: 'login', by: party.name, family })
    await party.login(answer)
    note({ type: 'loggedIn', by: party.name, family })
  }

  function choicesOf(party: Party): Choice[] {
    const by = (what: keyof Budget, name: string, act: () => void): Choice[] =>
      isLeft(what)
        ? [
            {
              name: `${party.name}: ${name}`,
              take() {
                spent[what] += 1
                current = processOf(party.name)
                act()
              },
            },
          ]
        : []
    return [
      ...by('getToken', 'getToken', () => follow(party, 'getToken')),
      ...by('fetch', 'fetch', () => follow(party, 'fetch')),
      ...by('refresh', 'refresh', () => follow(party, 'refresh')),
      ...by('logout', 'logout', () => {
        note({ type: 'logout', by: party.name })
        void party.logout()
      }),
      ...by('again', 'login ada', () => void login(party, 'ada').catch(() => {})),
      ...by('other', 'login bob', () => void login(party, 'bob').catch(() => {})),
    ]
  }

  function ticks(): Choice[] {
    const next = clock.next()
    const late = isLeft('late') ? clock.next(true).filter((timer) => !next.includes(timer)) : []
    return [...next, ...late].map((timer) => ({
      name: `${timer.owner}: +${timer.at - clock.now()} ms`,
      take() {
        if (late.includes(timer)) {
          spent.late += 1
          judge.unhealthy()
        }
        current = timer.owner
        clock.fire(timer)
      },
    }))
  }

  /** Follows the chart of a session. */
  function watch(by: string, actorRef: SessionActorRef) {
    let last: SessionStateName = actorRef.getSnapshot().value
    actorRef.subscribe({
      next({ value, context }) {
        if (value !== last) note({ type: 'moved', by, from: last, to: value, reason: context.reason })
        last = value
      },
      error: () => note({ type: 'failed', by }),
    })
  }

  const world = (more: () => Choice[] = () => [], print: () => unknown = () => null): World => ({
    choices: () => [...ports.choices(), ...parties.flatMap(choicesOf), ...more(), ...ticks()],
    print: () =>
      JSON.stringify([
        spent,
        [...open.values()].sort(),
        parties.map((party) => party.print()),
        ports.print(),
        clock.print(),
        provider.print(),
        judge.memory(),
        print(),
      ]),
    violations: () => judge.violations(),
    describe: () =>
      `${(clock.now() / 1_000).toFixed(3)} s  ${parties.map((party) => party.describe()).join('  ')}`,
  })

  return {
    clock,
    ports,
    provider,
    judge,
    note,
    parties,
    isLeft,
    spend(what: keyof Budget) {
      spent[what] += 1
    },
    current: () => current,
    enter(owner: string) {
      current = owner
    },
    apiFetch,
    login,
    watch,
    world,
    settle,
  }
}
