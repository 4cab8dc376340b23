import { AsyncLocalStorage } from 'node:async_hooks'
import type { ResendPolicy, SessionStateName } from '../../machines/session.types.ts'
import type { LoginAnswer } from '../../src/session/login.ts'
import type { SessionActorRef } from '../../src/session/session.ts'
import type { Call, HistoryEvent } from '../proof/judge/history.ts'
import { callName } from '../proof/judge/invariants/calls.ts'
import { createJudge, processOf, type Violation } from '../proof/judge/judge.ts'
import { apiOf } from '../proof/world/api.ts'
import { START } from '../proof/world/place.ts'
import type { Outcome } from '../proof/world/provider.ts'
import { canonical } from './canonical.ts'
import { type Choice, settle, type World } from './explore.ts'
import { placeHere } from './placeHere.ts'
import { createPorts } from './ports.ts'
import { createProvider } from './provider.ts'
import { createStepClock } from './stepClock.ts'

/** How often each thing may happen in one run, whoever does it. Absent: never. */
export interface Budget {
  readonly getToken?: number
  readonly fetch?: number
  readonly refresh?: number
  /** Answers of the API with 401. */
  readonly unauthorized?: number
  readonly logout?: number
  /** Logins as another user. */
  readonly other?: number
  /** Logins whose answer does not reach the browser: the server has opened a session of which nobody knows. */
  readonly lostLogin?: number
  readonly crash?: number
  /** How often a session's actor is stopped and started again on its living snapshot, as React does. */
  readonly restart?: number
  /** How often time may pass by a timer of a process that stands still. */
  readonly late?: number
  /** How often a store may do what it was asked and take its time to say so. */
  readonly slow?: number
  /** How often a store may fail: before it did what it was asked, or after. */
  readonly fault?: number
}

export interface StageOptions {
  readonly budget: Budget
  readonly outcomes: readonly Outcome[]
  readonly resend?: ResendPolicy
  readonly lifeMs?: number
  /** How long before its end a bearer may be renewed. */
  readonly dueMs: number
  /** How long before the end of each bearer time stops, for somebody to do something. 0: at its end. */
  readonly marks?: readonly number[]
  readonly kind: 'memory' | 'server' | 'tabs'
  readonly hasIntents: boolean
  /** `quick`: a store is read at the moment when it is asked. Writes are overtaken as ever. */
  readonly reads?: 'quick'
  /** Names, in capitals, of those who could change places and nobody would notice. */
  readonly alike?: readonly string[]
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
  /** The same, and its answer is lost on the way to the browser. */
  loseLogin?(answer: LoginAnswer): Promise<unknown>
  logout(): Promise<unknown>
  restart?(): void
  /** It says that it lives, and has nothing to live on. */
  isHollow?(): boolean
  /** What can be seen of it. Instants are told from `now`. */
  print(): unknown
  describe(): string
}

/** On whose behalf code runs: what it waits for is then told from the same that others wait for. */
interface Errand {
  readonly name: string
  /** How often it has asked a store. */
  asked: number
  /** It may as well begin later: nobody has been told of it. */
  readonly isCall: boolean
}

const errands = new AsyncLocalStorage<Errand>()

const errandNow = () => errands.getStore()?.name ?? ''
const errand = (name: string, act: () => void, isCall = false) => errands.run({ name, asked: 0, isCall }, act)

export type Stage = ReturnType<typeof createStage>

/** The world around the code under test: everything in it that could happen next is a choice. */
export function createStage(options: StageOptions) {
  const { budget, outcomes, alike = [], resend = 'afterBearerEnds', lifeMs = 60_000, marks = [] } = options
  const clock = createStepClock((fire) => () => errand('time', fire))
  /** Whose code runs. */
  let current = ''
  const ports = createPorts((owner) => {
    current = processOf(owner)
  }, errandNow)
  const judge = createJudge({
    resend,
    dueMs: options.dueMs,
    kind: options.kind,
    hasIntents: options.hasIntents,
    now: clock.now,
    hasEnded: ({ endsAt }) => clock.now() >= endsAt,
    mayHaveEnded: ({ endsAt }) => clock.now() >= endsAt,
    isIdle: (by) => ports.isIdle(by),
  })
  let recent: HistoryEvent[] = []
  const note = (event: HistoryEvent) => {
    recent.push(event)
    judge.note(event)
  }
  const provider = createProvider({ outcomes, resend, lifeMs, marks, clock, ports, note })
  const parties: Party[] = []
  const spent: Record<keyof Budget, number> = {
    getToken: 0,
    fetch: 0,
    refresh: 0,
    unauthorized: 0,
    logout: 0,
    other: 0,
    lostLogin: 0,
    crash: 0,
    restart: 0,
    late: 0,
    slow: 0,
    fault: 0,
  }
  const isLeft = (what: keyof Budget) => spent[what] < (budget[what] ?? 0)
  const open = new Map<Call, string>()
  /** Where each call awaits, or awaited, its last answer of the API: what it does with the next one depends on that. */
  const wired = new Map<string, () => string>()
  let calls = 0
  /** How often each process was started again. */
  const starts = new Map<string, number>()

  const apiFetch = (by: string) =>
    apiOf(by, {
      note,
      bearer: provider.bearer,
      answer(bearer, call) {
        wired.set(call, placeHere())
        return new Promise<number>((resolve) => {
          ports.open(by, `API with ${bearer.name}`, () => ({
            200: () => resolve(200),
            ...(isLeft('unauthorized') && {
              401() {
                spent.unauthorized += 1
                resolve(401)
              },
            }),
          }))
        })
      },
    })

  /**
   * A call of a store. `run` does what was asked, at one instant, and settles without further ado. `detail`: what tells
   * it from others of its name. `goesOn`: where its answer is awaited.
   */
  function ask<T>(
    by: string,
    what: string,
    run: () => Promise<T>,
    detail?: () => unknown,
    goesOn = placeHere(),
  ): Promise<T> {
    const isWrite = what.startsWith('write')
    const sent = errands.getStore()
    const place = sent?.asked ?? 0
    if (sent) sent.asked += 1
    // Whoever begins with a look could as well have begun a little later.
    const isQuick = options.reads === 'quick' || (sent?.isCall && place === 0)
    if (isQuick && !isWrite && !isLeft('slow') && !isLeft('fault')) return run()
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error('the store is away'))
      const name = sent ? `${what} [${sent.name}]` : what
      ports.open(
        by,
        name,
        () => ({
          done: () => void run().then(resolve),
          ...(isLeft('slow') && {
            'done, not yet told'() {
              spent.slow += 1
              void run().then((answer) =>
                ports.open(by, `${name}, done`, () => ({ told: () => resolve(answer) }), {
                  place: goesOn,
                  detail: () => [place, JSON.stringify(answer ?? null).replace(/"value":"\d+ /, '')],
                }),
              )
            },
          }),
          ...(isLeft('fault') && {
            fails() {
              spent.fault += 1
              fail()
            },
          }),
          ...(isLeft('fault') &&
            isWrite && {
              'done, and fails'() {
                spent.fault += 1
                void run().then(fail)
              },
            }),
        }),
        {
          isStore: true,
          place: goesOn,
          detail: () => [place, detail?.()],
          ...(isWrite && { fates: { written: () => void run(), 'not written': () => {} } }),
        },
      )
    })
  }

  /** The ends of a process: what it has in the air may or may not be done. */
  function crashes(name: string, restart: () => void): Choice[] {
    const isOf = (by: string) => processOf(by) === name
    return ports.fates(isOf).map(({ name: fate, take }) => ({
      name: `${name}: crash${fate}`,
      take() {
        spent.crash += 1
        take()
        ports.drop(isOf)
        clock.drop(name)
        for (const call of [...open.keys()])
          if (isOf(call.by)) {
            open.delete(call)
            note({ type: 'settled', call })
          }
        note({ type: 'crashed', by: name })
        starts.set(name, (starts.get(name) ?? 0) + 1)
        current = name
        restart()
      },
    }))
  }

  function follow(party: Party, kind: Call['kind']) {
    const call: Call = { by: party.name, kind, number: ++calls, at: clock.now(), user: party.user() }
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
    const { family, answer } = provider.login(user, START + clock.now())
    note({ type: 'login', by: party.name, family, token: answer.refreshToken ?? '' })
    await party.login(answer)
    note({ type: 'loggedIn', by: party.name, family })
  }

  /** Of what comes of it nobody here knows anything: the next login begins anew. */
  async function loseLogin(party: Party, user: string) {
    const { family, answer } = provider.login(user, START + clock.now())
    note({ type: 'login', by: party.name, family, token: answer.refreshToken ?? '' })
    await party.loseLogin?.(answer)
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
                errand(`${name} as ${party.user() ?? 'nobody'}`, act, true)
              },
            },
          ]
        : []
    return [
      ...by('getToken', 'getToken', () => follow(party, 'getToken')),
      ...by('fetch', 'fetch', () => follow(party, 'fetch')),
      ...by('refresh', 'refresh', () => follow(party, 'refresh')),
      ...by('logout', 'logout', () => {
        note({ type: 'logout', by: party.name, user: party.user() })
        party.logout().catch(() => {})
      }),
      ...(party.restart ? by('restart', 'is hidden and shown', () => party.restart?.()) : []),
      ...(party.loseLogin
        ? by('lostLogin', 'login ada, and no answer', () => void loseLogin(party, 'ada').catch(() => {}))
        : []),
      ...by('other', 'login bob', () => void login(party, 'bob').catch(() => {})),
    ]
  }

  function ticks(): Choice[] {
    // A store answers at once, or it fails. What is under way with it may still be overtaken by anything else.
    const isNow = !isLeft('fault') && ports.isAsking()
    const next = clock.next().filter(({ at }) => !isNow || at <= clock.now())
    const late = isLeft('late') && !isNow ? clock.next(true).filter((timer) => !next.includes(timer)) : []
    return [...next, ...late].map((timer) => ({
      name: `${timer.owner}: +${Math.max(timer.at - clock.now(), 0)} ms`,
      take() {
        if (late.includes(timer)) {
          spent.late += 1
          judge.unhealthy()
        }
        current = processOf(timer.owner)
        clock.fire(timer)
      },
    }))
  }

  /** Lets time pass, and nothing else, to the first instant at which something is due `ms` after the start. */
  async function pass(ms: number) {
    for (let [next] = clock.next(); next && next.at < ms; [next] = clock.next()) {
      current = processOf(next.owner)
      clock.fire(next)
      await settle()
    }
    clock.set(ms)
  }

  /** Follows the chart of a session. `last`: the state that it had before it could be followed. */
  function watch(
    by: string,
    actorRef: SessionActorRef,
    last: SessionStateName = actorRef.getSnapshot().value,
  ) {
    let from = last
    const follow = ({ value: to, context }: ReturnType<SessionActorRef['getSnapshot']>) => {
      if (to !== from) note({ type: 'moved', by, from, to, reason: context.reason, user: context.user?.id })
      from = to
    }
    follow(actorRef.getSnapshot())
    actorRef.subscribe({ next: follow, error: () => note({ type: 'failed', by }) })
  }

  /** Every fact of this state, one a line, in no order. */
  function facts(more: readonly unknown[]): string[] {
    const all: readonly [string, readonly unknown[]][] = [
      ['spent', [spent]],
      ['open', [...open].map(([call, text]) => [text, wired.get(callName(call))?.()])],
      ['party', parties.map((party) => [party.name, party.print()])],
      ['port', ports.print()],
      ['timer', clock.print()],
      ['provider', provider.print()],
      ['judge', judge.memory()],
      ['more', more],
    ]
    return all.flatMap(([name, lines]) => lines.map((line) => `${name} ${JSON.stringify(line)}`))
  }

  const world = (more: () => Choice[] = () => [], print: () => readonly unknown[] = () => []): World => ({
    choices: () => [...ports.choices(), ...parties.flatMap(choicesOf), ...more(), ...ticks()],
    print: () => canonical(facts(print()), alike),
    violations: () => [...judge.violations(), ...parties.filter((party) => party.isHollow?.()).map(hollow)],
    happened() {
      const words = recent.map(wordOf)
      recent = []
      return words
    },
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
    current: () => current,
    errand,
    errandNow,
    enter(owner: string) {
      current = owner
    },
    apiFetch,
    ask,
    pass,
    crashes,
    /** Which life of a process this is. */
    life: (name: string) => starts.get(name) ?? 0,
    login,
    watch,
    world,
    settle,
  }
}

function wordOf(event: HistoryEvent): string {
  const { type } = event
  if (type === 'moved') return `${event.from} → ${event.to}`
  if (type === 'told') return `told: ${event.notice.type}`
  return type === 'closed' ? `answer: ${event.send.result ?? 'none'}` : type
}

/** An actor that is restarted has its tokens, or is logged out (U30). */
const hollow = ({ name }: Party): Violation => ({
  invariant: 'U30',
  text: `${name} says that it lives, and has no token`,
})
