import {
  createSession,
  type LoginAnswer,
  type Session,
  SessionError,
  type SessionNotice,
  type SessionOptions,
} from 'xstate-session'
import type { Presentation } from '../backend/presentations.ts'
import type { Backend } from '../backend/startBackend.ts'
import { causeOf } from './causes.ts'
import type { Evidence, Step } from './evidence.ts'
import type { Timeline } from './timeline.ts'

export interface AdminOptions {
  readonly name: string
  readonly kind: Presentation['tokenKind']
  /** The endpoint this admin calls; nobody else does, so the backend's log tells the sessions apart. */
  readonly api: string
  /** The other endpoints that this session uses. */
  readonly routes: readonly string[]
  readonly session: Pick<SessionOptions, 'strategies' | 'refresh' | 'leadTimeMs'>
  readonly logIn: () => Promise<LoginAnswer>
}

/** A person with a session, whose life is drawn on the timeline and kept as evidence. */
export interface Admin {
  readonly name: string
  readonly session: Session
  login(): Promise<void>
  /** So many calls at once. `isTold`: with a line on the timeline. */
  call(times?: number, isTold?: boolean): Promise<void>
  /** Starts to collect evidence; the answer ends it. */
  watch(): () => Evidence
}

export function createAdmin(backend: Backend, timeline: Timeline, options: AdminOptions): Admin {
  const { name, kind, api, routes, logIn } = options
  const steps: Step[] = []
  const notices: SessionNotice[] = []
  const answers: string[] = []
  const provider = Object.keys(options.session.strategies)[0] as string
  const session = createSession({
    baseUrl: backend.url,
    ...options.session,
    observe: (notice) => notices.push(notice),
  })
  const requests = () => backend.log.requests.filter(({ path }) => path === api || routes.includes(path))
  const presentations = () => backend.log.presentations.filter(({ tokenKind }) => tokenKind === kind)

  function draw(cause: string): void {
    timeline.row({
      who: `${name} ${kind}`,
      facts: session.getSnapshot(),
      cause,
      served: answers.filter((answer) => answer === '200').length,
      requests: requests().length,
      refreshes: presentations().length,
    })
  }

  // The inspector of XState sees every step of the chart together with the event that caused it.
  let { state, version } = session.getSnapshot()
  session.actorRef.system.inspect((inspected) => {
    if (inspected.type !== '@xstate.snapshot' || inspected.actorRef !== session.actorRef) return
    const facts = session.getSnapshot()
    if (facts.state === state && facts.version === version) return
    const isInDoubt = session.actorRef.getSnapshot().context.doubt !== null
    const cause = causeOf(inspected.event, { from: state, to: facts.state, isInDoubt })
    state = facts.state
    version = facts.version
    steps.push({ at: Date.now(), state, expiresAt: facts.expiresAt })
    draw(cause)
  })

  async function callOnce(): Promise<string> {
    try {
      const response = await session.fetch(api)
      await response.arrayBuffer()
      return String(response.status)
    } catch (error) {
      if (error instanceof SessionError) return error.code
      return error instanceof Error ? error.name : 'error'
    }
  }

  return {
    name,
    session,
    async login() {
      await session.login(await logIn(), { provider })
    },
    async call(times = 1, isTold = false) {
      if (isTold && times > 1) draw(`${times} calls at once`)
      const brought = await Promise.all(Array.from({ length: times }, callOnce))
      answers.push(...brought)
      const results = [...new Set(brought)].join(', ')
      if (isTold) draw(times > 1 ? `all ${times} calls got ${results}` : `1 call got ${results}`)
    },
    watch() {
      const from = [steps, notices, answers, requests(), presentations()].map(({ length }) => length)
      const before = session.getSnapshot()
      return () => ({
        before,
        after: session.getSnapshot(),
        steps: steps.slice(from[0]),
        notices: notices.slice(from[1]),
        answers: answers.slice(from[2]),
        requests: requests().slice(from[3]),
        presentations: presentations().slice(from[4]),
      })
    },
  }
}
