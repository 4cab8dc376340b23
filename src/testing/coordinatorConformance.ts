import type { Coordinator, Flight, FlightIdentity } from '../coordination/coordinator.ts'
import type { RefreshOutcome } from '../strategies/strategy.ts'
import { type ConformanceCase, expectSame } from './conformanceCase.ts'

/** A coordinator, as the cases need it. */
export interface CoordinatorUnderTest {
  /** The coordinator. */
  readonly coordinator: Coordinator
  /** A second handle on the same flights, as another process has it. @default `coordinator` */
  readonly other?: Coordinator
  /** Called after its case, also where that failed. */
  close?(): void | Promise<void>
}

/** How the cases get a coordinator. */
export interface CoordinatorConformanceOptions {
  /** A coordinator that knows of no flight yet; called once for each case. */
  create(): Promise<CoordinatorUnderTest>
}

type Subject = Required<Pick<CoordinatorUnderTest, 'coordinator' | 'other'>>

const OK = { kind: 'ok', bearer: 'bearer-2', refreshToken: 'token-2' } as const
const REJECTED = { kind: 'rejected', reason: 'refreshRejected' } as const
const UNKNOWN = { kind: 'unknown', cause: 'timeout', answered: false } as const

/** What a `Coordinator` must do, for whoever writes one: a list of cases for any test runner. */
export function coordinatorConformance({
  create,
}: CoordinatorConformanceOptions): readonly ConformanceCase[] {
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const { coordinator, other = coordinator, close = () => {} } = await create()
      try {
        await check({ coordinator, other })
      } finally {
        await close()
      }
    },
  }))
}

/** A backend that counts what is sent, and answers when told. */
function backend(outcome: RefreshOutcome) {
  let answer = (_: RefreshOutcome) => {}
  const answered = new Promise<RefreshOutcome>((resolve) => {
    answer = resolve
  })
  let arrive = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const sends: string[] = []
  return {
    sends,
    arrived,
    answer: () => answer(outcome),
    flight: (more: Partial<FlightIdentity> = {}, doubtfulSends = 0): Flight => ({
      identity: { provider: 'openid', userId: 'u1', sessionId: 's1', refreshToken: 'token-1', ...more },
      origin: 'https://chat.example',
      doubtfulSends,
      send() {
        sends.push(more.refreshToken ?? 'token-1')
        arrive()
        return answered
      },
    }),
  }
}

/** One that answers at once. */
function prompt(outcome: RefreshOutcome) {
  const made = backend(outcome)
  made.answer()
  return made
}

const kindOf = ({ kind }: { readonly kind: string }) => kind

const cases: Record<string, (subject: Subject) => Promise<void>> = {
  async 'callers of one flight share one send, and know it'({ coordinator }) {
    const { sends, arrived, answer, flight } = backend(OK)
    const answers = [coordinator.run(flight()), coordinator.run(flight())]
    await arrived
    answer()
    for (const found of await Promise.all(answers)) expectSame('answer', found, { ...OK, shared: true })
    expectSame('sends', sends.length, 1)
  },

  async 'two handles share one send'({ coordinator, other }) {
    const { sends, arrived, answer, flight } = backend(OK)
    const first = coordinator.run(flight())
    await arrived
    const second = other.run(flight())
    answer()
    expectSame('answers', (await Promise.all([first, second])).map(kindOf), ['ok', 'ok'])
    expectSame('sends', sends.length, 1)
  },

  async 'a straggler gets what the spent token brought'({ coordinator, other }) {
    const { sends, flight } = prompt(OK)
    await coordinator.run(flight())
    const found = await other.run(flight())
    expectSame('bearer', found.kind === 'ok' && found.bearer, OK.bearer)
    expectSame('refresh token', found.kind === 'ok' && found.refreshToken, OK.refreshToken)
    expectSame('sends', sends.length, 1)
  },

  async 'whatever of the identity differs, it is another flight'({ coordinator, other }) {
    const { sends, flight } = prompt(OK)
    await coordinator.run(flight())
    const others = [
      { provider: 'other' },
      { userId: 'u2' },
      { tenantId: 't' },
      { sessionId: 's2' },
      { refreshToken: 'token-9' },
    ]
    for (const [index, more] of others.entries()) {
      await other.run(flight(more))
      expectSame(`sends after ${JSON.stringify(more)}`, sends.length, index + 2)
    }
  },

  async 'the next token is sent'({ coordinator, other }) {
    const { sends, flight } = prompt(OK)
    await coordinator.run(flight())
    await other.run(flight({ refreshToken: 'token-2' }))
    expectSame('sends', sends, ['token-1', 'token-2'])
  },

  async 'a rejection counts for everybody'({ coordinator, other }) {
    const { sends, flight } = prompt(REJECTED)
    expectSame('first', kindOf(await coordinator.run(flight())), 'rejected')
    expectSame('second', kindOf(await other.run(flight())), 'rejected')
    expectSame('sends', sends.length, 1)
  },

  async 'in doubt only a session that knows of every send may send again'({ coordinator, other }) {
    const { sends, flight } = prompt(UNKNOWN)
    expectSame('first', kindOf(await coordinator.run(flight())), 'unknown')
    expectSame('who does not know', kindOf(await other.run(flight())), 'unknown')
    expectSame('sends', sends.length, 1)
    await coordinator.run(flight({}, 1))
    expectSame('sends of who knows', sends.length, 2)
  },

  async 'a logout ends the flight: nobody adopts, and who sent may revoke'({ coordinator }) {
    const { arrived, answer, flight } = backend(OK)
    const sender = coordinator.run(flight())
    await arrived
    const follower = coordinator.run(flight())
    coordinator.end(flight().identity)
    answer()
    const found = [await sender, await follower]
    expectSame('kinds', found.map(kindOf), ['ended', 'ended'])
    const late = found.filter((outcome) => outcome.kind === 'ended' && outcome.late?.kind === 'ok')
    expectSame('answers that carry the late token', late.length, 1)
  },

  async 'a login after a logout is not affected'({ coordinator }) {
    const { sends, flight } = prompt(OK)
    coordinator.end(flight().identity)
    const later = flight({ sessionId: 's2', refreshToken: 'token-5' })
    expectSame('answer', kindOf(await coordinator.run(later)), 'ok')
    expectSame('sends', sends, ['token-5'])
  },
}
