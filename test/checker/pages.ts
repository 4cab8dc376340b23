import type { SessionContext } from '../../machines/session.context.ts'
import type { RefreshPolicy } from '../../machines/session.types.ts'
import { inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import { createSession } from '../../src/session/createSession.ts'
import type { Session } from '../../src/session/session.ts'
import { START } from '../proof/world/place.ts'
import type { World } from './explore.ts'
import { hideAndShow } from './hideAndShow.ts'
import { createStage, type Party, type Stage, type StageOptions } from './stage.ts'
import { holdsTokens, printInside } from './windows.ts'

export interface PagesOptions extends Omit<StageOptions, 'dueMs' | 'kind' | 'hasIntents' | 'alike'> {
  readonly policy?: RefreshPolicy
  /** It begins when the bearer is due. */
  readonly isDue?: boolean
  /** Copies of one session in one process, on one coordinator. 1: a page alone. */
  readonly copies?: number
}

/** Lead time, and the jitter of a timer that is in the middle of its range. */
const DUE_MS = 30_000 + 6_000

/** Sessions that live in memory: a page, or the copies of one session in a process. All are logged in as ada. */
export async function startPages(options: PagesOptions): Promise<World> {
  const { copies = 1, policy = 'eager' } = options
  const names = Array.from({ length: copies }, (_, i) => (copies > 1 ? `p.S${i + 1}` : 'p'))
  const alike = copies > 1 ? names.map((name) => name.slice(2)) : []
  const stage = createStage({ ...options, dueMs: DUE_MS, kind: 'memory', hasIntents: false, alike })
  const coordinator =
    copies > 1
      ? inProcessCoordinator({ clock: stage.clock.of('p'), random: () => 0.5, hash: (text) => text })
      : undefined
  for (const name of names) stage.parties.push(page(stage, name, policy, coordinator))
  const { family, answer } = stage.provider.login('ada', START + stage.clock.now())
  for (const party of stage.parties) {
    stage.note({ type: 'login', by: party.name, family, token: answer.refreshToken ?? '' })
    await party.login(answer)
    stage.note({ type: 'loggedIn', by: party.name, family })
  }
  if (options.isDue) await stage.pass(30_000)
  return stage.world()
}

function page(
  stage: Stage,
  name: string,
  policy: RefreshPolicy,
  coordinator: ReturnType<typeof inProcessCoordinator> | undefined,
): Party {
  const session = createSession({
    baseUrl: 'https://chat.example/',
    strategies: { openid: stage.provider.strategy(name) },
    refresh: policy,
    clock: stage.clock.of(name),
    random: () => 0.5,
    fetch: stage.apiFetch(name),
    observe: (notice) => stage.note({ type: 'told', by: name, notice }),
    ...(coordinator && { coordinator }),
  })
  stage.watch(name, session.actorRef)
  return {
    name,
    user: () => session.getSnapshot().user?.id,
    getToken: () => session.getToken(),
    fetch: (path, init) => session.fetch(path, init),
    refresh: () => session.refresh(),
    login: (answer) => session.login(answer, { provider: 'openid', sessionId: 's1' }),
    logout: () => session.logout(),
    restart() {
      hideAndShow(session.actorRef)
      stage.watch(name, session.actorRef)
    },
    isHollow() {
      const { state } = session.getSnapshot()
      return state !== 'loggedOut' && state !== 'expired' && !holdsTokens(session)
    },
    print: () => {
      return printSession(session, START + stage.clock.now())
    },
    describe() {
      const { state, epoch, version, reason, isUsable } = session.getSnapshot()
      return `${name}: ${state} ${epoch}.${version}${reason ? ` (${reason})` : ''}${isUsable ? '' : ', no bearer'}`
    },
  }
}

/** What a session is, seen from outside and from inside. */
export function printSession(session: Session, now: number): unknown {
  const { value, context } = session.actorRef.getSnapshot()
  return [value, fromNow(context, now), printInside(session, now)]
}

/** Nothing that is explored takes so long. */
const FAR_MS = 3_600_000

/** The facts of a chart with their instants told from now: what is past is past, however long. */
function fromNow(context: SessionContext, now: number): unknown {
  const ahead = (instant: number) => (instant > now + FAR_MS ? 'far' : Math.max(instant - now, -1))
  const {
    endsAt,
    leadAt,
    refreshAt,
    floorAt,
    rejectFloorAt,
    triedAt,
    retryAt,
    heldUntil,
    rereadAt,
    idleEndsAt,
    absoluteEndsAt,
    doubt,
    ...rest
  } = context
  return [
    rest,
    [
      endsAt,
      leadAt,
      refreshAt,
      floorAt,
      rejectFloorAt,
      triedAt + 5_000,
      retryAt,
      heldUntil,
      rereadAt,
      idleEndsAt,
      absoluteEndsAt,
    ].map(ahead),
    doubt && {
      ...doubt,
      since: Math.min(now - doubt.since, 300_000),
      answeredSince: ahead(doubt.answeredSince),
    },
  ]
}
