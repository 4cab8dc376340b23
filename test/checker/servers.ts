import type { Coordinator } from '../../src/coordination/coordinator.ts'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { bearerOf } from '../../src/server/bearerOf.ts'
import type { ServerContext } from '../../src/server/context.ts'
import { createEntries } from '../../src/server/entries.ts'
import { isFound } from '../../src/server/foundSession.ts'
import type { Keyring } from '../../src/server/keyring.ts'
import { NOBODY } from '../../src/server/namedLogin.ts'
import { readServerOptions } from '../../src/server/readServerOptions.ts'
import { createRoutes } from '../../src/server/routes.ts'
import { runLogins } from '../../src/server/runLogins.ts'
import type { ServerRecord } from '../../src/server/serverRecord.ts'
import type { SessionCookie } from '../../src/server/sessionCookie.ts'
import { createSessions, type Sessions } from '../../src/server/sessions.ts'
import type { LoginAnswer } from '../../src/session/login.ts'
import type { Session } from '../../src/session/session.ts'
import { memoryServerStore } from '../../src/stores/memoryServerStore.ts'
import type { ServerStore } from '../../src/stores/serverStore.ts'
import { isRejected, recordToStored } from '../proof/judge/toStored.ts'
import { START } from '../proof/world/place.ts'
import { loginHost } from '../server/loginHost.ts'
import type { Choice, World } from './explore.ts'
import { printSession } from './pages.ts'
import { createStage, type Party, type Stage, type StageOptions } from './stage.ts'

export interface ServersOptions extends Omit<StageOptions, 'dueMs' | 'kind' | 'hasIntents' | 'alike'> {
  readonly processes: number
  /** `none`: what is left of a coordinator whose Redis has lost its mind. */
  readonly coordinator?: 'inProcess' | 'none'
}

const LEAD_MS = 30_000
const MARKS = [LEAD_MS, 0]

/** What the browser sends: the key of its session. Its windows share it. */
interface Cookie {
  key: string
}

/** What a window of the browser shows: the login that it believes in. */
interface Believed {
  login: string
  user: string
}

/** As much of a request as a session is found by. */
interface Asking {
  readonly key: string
  readonly url: string
  readonly headers: Headers
}

interface Process extends Pick<ServerContext, 'logins' | 'api'> {
  readonly sessions: Sessions
  readonly settings: ReturnType<typeof readServerOptions>
  /** The session that is awake, once it has a chart. */
  awake: Session | undefined
}

/** Processes of a server over one store, and one browser that any of them may serve. It is logged in as ada, and due. */
export async function startServers(options: ServersOptions): Promise<World> {
  const names = ['P1', 'P2', 'P3'].slice(0, options.processes)
  const stage = createStage({
    ...options,
    dueMs: LEAD_MS,
    marks: MARKS,
    kind: 'server',
    hasIntents: true,
    alike: names,
  })
  const shelf = createShelf(stage)
  const cookie: Cookie = { key: '' }
  const believed = new Map(names.map((name): [string, Believed] => [name, { login: NOBODY, user: '' }]))
  const running = new Map<string, Process>()
  /** A process at rest is nothing but what it may read: it starts when it is first asked. */
  function processNamed(name: string): Process {
    const process = running.get(name) ?? startProcess(stage, shelf, name, options.coordinator)
    running.set(name, process)
    return process
  }
  for (const name of names)
    stage.parties.push(server(name, () => processNamed(name), cookie, believed.get(name) as Believed))
  const [first] = stage.parties
  if (first) void stage.login(first, 'ada')
  await stage.settle()
  // Nothing is explored before somebody is logged in.
  for (let write = stage.ports.choices(); write[0]; write = stage.ports.choices()) {
    write[0].take()
    await stage.settle()
  }

  // Every window shows it.
  for (const other of believed.values()) Object.assign(other, believed.get(names[0] as string))

  // It begins when the bearer is due.
  await stage.pass(30_001)

  const crashes = (): Choice[] =>
    stage.isLeft('crash') ? names.flatMap((name) => stage.crashes(name, () => void running.delete(name))) : []
  return stage.world(crashes, () => [
    ...shelf.print(),
    // At rest it is nothing but its record.
    ...[...running]
      .filter(([, { sessions }]) => sessions.awake.count() > 0)
      .map(([name, { awake }]) => [name, awake && printSession(awake, START + stage.clock.now())]),
  ])
}

/** The one store of all processes: the shipped memory store, each call of which takes as long as the explorer likes. */
function createShelf(stage: Stage) {
  const memory = memoryServerStore({ clock: stage.clock.of('store') })
  const contents = new Map<string, { record: ServerRecord; revision: number }>()
  /** What each process has seen last. */
  const seen = new Map<string, number>()
  /** Whose name an intent is written in. */
  const owners = new Map<string, { readonly by: string; readonly life: number }>()
  const ownerOf = (name: string) => {
    const owner = owners.get(name)
    return owner && [owner.by, owner.life === stage.life(owner.by)]
  }

  const storeOf = (by: string): ServerStore => ({
    read: (key) =>
      stage.ask(by, `read ${key}`, async () => {
        const entry = await memory.read(key)
        seen.set(`${by} ${key}`, entry?.revision ?? 0)
        return entry
      }),
    compareAndSet(key, expected, next) {
      const written = JSON.parse(next.value.slice(next.value.indexOf(' '))) as ServerRecord
      // The first version is not written.
      const record = { ...written, session: Object.assign({ version: 1 }, written.session) }
      const isEnd = 'ended' in record.session || isRejected(record.intent)
      return stage.ask(
        by,
        `${isEnd ? 'write end of' : 'write'} ${key}`,
        async () => {
          const before = contents.get(key)
          const revision = await memory.compareAndSet(key, expected, next)
          if (revision === null) return null
          contents.set(key, { record, revision })
          const owner = record.intent?.owner
          if (owner && !owners.has(owner)) owners.set(owner, { by, life: stage.life(by) })
          seen.set(`${by} ${key}`, revision)
          stage.note({
            type: 'committed',
            by,
            before: before ? recordToStored(before.record) : null,
            after: recordToStored(record),
          })
          return revision
        },
        () => [contents.get(key)?.revision === (expected ?? undefined), ...printRecord(record)],
      )
    },
    keysOf: (tag) => memory.keysOf(tag),
  })

  function printRecord({ session, intent, activeAt, ...rest }: ServerRecord): unknown[] {
    const now = START + stage.clock.now()
    const { endsAt, ...tokens } = session as { endsAt?: number }
    const ageOf = (at: number) => Math.min(now - at, 300_000)
    const left = (at = 0) => Math.max(at - now, -1)
    return [
      rest,
      tokens,
      endsAt && left(endsAt),
      intent && {
        ...intent,
        owner: ownerOf(intent.owner),
        since: ageOf(intent.since),
        answeredSince: intent.answers > 0 && ageOf(intent.answeredSince),
        sentAt: ageOf(intent.sentAt),
        notBefore: left(intent.notBefore),
        heldUntil: left(intent.heldUntil),
        openUntil: left(intent.openUntil),
      },
    ]
  }

  const print = () =>
    [...contents].flatMap(([key, { record, revision }]) => [
      [key, ...printRecord(record)],
      ...[...seen]
        .filter(([name]) => name.endsWith(` ${key}`))
        .map(([name, last]) => [name, last === revision]),
    ])
  return { storeOf, print }
}

let seals = 0
/** Seals nothing, and no two seals are alike. */
const openKeyring: Keyring = {
  seal: async (plain) => `${++seals} ${plain}`,
  unseal: async (text) => ({ plain: text.slice(text.indexOf(' ') + 1), isOld: false }),
  macs: async (_, text) => [text],
}

function startProcess(
  stage: Stage,
  shelf: ReturnType<typeof createShelf>,
  name: string,
  kind: ServersOptions['coordinator'] = 'inProcess',
): Process {
  const clock = stage.clock.of(name)
  const none: Coordinator = { run: ({ send }) => send(), end: () => {} }
  const settings = readServerOptions({
    logins: {},
    publicUrl: 'https://admin.example/',
    secrets: ['not used: the keyring of the checker seals nothing'],
    store: shelf.storeOf(name),
    coordinator:
      kind === 'none' ? none : inProcessCoordinator({ clock, random: () => 0.5, hash: (text) => text }),
    clock,
    random: () => 0.5,
    fetch: stage.apiFetch(name),
    observe(notice) {
      if ('epoch' in notice) stage.note({ type: 'told', by: `${name}.${notice.session}`, notice })
    },
  })
  const sessionCookie: SessionCookie = {
    create: async () => {
      // Before its login is known to anybody else.
      const key = `s${stage.provider.families.length}`
      return { key, id: key }
    },
    candidatesOf: async (request) => [[(request as unknown as Asking).key]],
    issue: async () => [],
    update: async () => [],
    isPresent: () => true,
    clear: () => [],
    clearForeign: () => [],
  }
  const login = {
    identity: 'the provider',
    apiUrl: 'https://chat.example/',
    strategies: { openid: stage.provider.strategy(name) },
  }
  // A hash of the platform takes a turn of its event loop, which is none of the checker's steps.
  const logins = { ...runLogins({ librechat: () => login }, loginHost), identityOf: async () => 'it' }
  const entries = createEntries(settings, openKeyring)
  const sessions = createSessions({
    settings,
    keyring: openKeyring,
    entries,
    sessionCookie,
    logins,
    background: (task) => void task.catch(() => {}),
    onChart(key, { session }, isResumed) {
      process.awake = session
      const by = `${name}.${key}`
      if (isResumed) return stage.watch(by, session.actorRef, 'refreshing')
      const unsubscribe = session.subscribe(({ isPending }) => {
        if (isPending) return
        unsubscribe()
        stage.watch(by, session.actorRef)
      })
    },
  })
  function meet(key: string) {
    if (sessions.awake.count() > 0) return
    process.awake = undefined
    stage.note({ type: 'woke', by: `${name}.${key}`, isEnding: stage.ports.isEnding(name) })
  }
  const process: Process = {
    settings,
    logins,
    api: createRoutes({}, '/', logins, loginHost('').urlOf),
    awake: undefined,
    sessions: {
      ...sessions,
      awake: {
        ...sessions.awake,
        use(key, known, task) {
          meet(key)
          return sessions.awake.use(key, known, task)
        },
        bearerOf(key, known, isHurried) {
          meet(key)
          return sessions.awake.bearerOf(key, known, isHurried)
        },
      },
    },
  }
  return process
}

/** The requests of one window of a browser, to one process. */
function server(name: string, process: () => Process, cookie: Cookie, believed: Believed): Party {
  const request = () => {
    const asking: Asking = {
      key: cookie.key,
      url: 'https://admin.example/',
      headers: new Headers({ 'x-csrf': believed.login }),
    }
    return asking as unknown as Request
  }
  async function open(answer: LoginAnswer) {
    const opening = await process().sessions.replace(request(), 'librechat', { answer, strategy: 'openid' })
    if (!opening) throw new Error('the provider has ended the session')
    return opening
  }
  async function source() {
    const found = await process().sessions.findFor(request())
    if (!isFound(found)) throw new Error('no session')
    return bearerOf(found, process())
  }
  return {
    name,
    user: () => believed.user,
    getToken: async () => (await source()).getToken(),
    fetch: async (path, init) => (await source()).fetch(path, init),
    async login(answer: LoginAnswer) {
      const { found } = await open(answer)
      cookie.key = found.key
      believed.login = found.record.login
      believed.user = found.session.user.id
    },
    loseLogin: open,
    async logout() {
      const { sessions } = process()
      const found = await sessions.findFor(request())
      if (isFound(found)) await sessions.end(found, 'user')
    },
    print: () => [cookie.key, believed.user],
    describe() {
      const { awake, sessions } = process()
      if (sessions.awake.count() === 0) return `${name}: at rest`
      if (!awake) return `${name}: refreshing without a chart`
      const { state, version } = awake.getSnapshot()
      return `${name}: ${state} v${version}`
    },
  }
}
