import type { Coordinator, Flight, FlightAsk, FlightIdentity } from '../coordination/coordinator.ts'
import type { RefreshOutcome } from '../session/strategy.ts'

/** The input of one case. */
export interface CoordinatorSubject {
  readonly coordinator: Coordinator
  readonly other: Coordinator
  /** The ledger is the record of the session. */
  readonly isRecorded: boolean
  advance(ms: number): void | Promise<void>
  record(identity: FlightIdentity): Promise<void>
}

export type CoordinatorCases = Readonly<Record<string, (subject: CoordinatorSubject) => Promise<void>>>

export const OK = { kind: 'ok', bearer: 'bearer-2', refreshToken: 'token-2' } as const

export const kindOf = ({ kind }: { readonly kind: string }) => kind

/** The request of a session that has no bearer and remembers no send. */
const spent: FlightAsk = { resend: 'afterBearerEnds', isSpent: true, known: null }

const IDENTITY: FlightIdentity = {
  provider: 'openid',
  userId: 'u1',
  sessionId: 's1',
  refreshToken: 'token-1',
  bearer: 'bearer-1',
}

/** A backend that counts the sends. It answers when it is told to, with the result of `next` for the number of the send. */
export function heldBackend(next: (send: number) => RefreshOutcome) {
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
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
    answer,
    identity: (more: Partial<FlightIdentity> = {}): FlightIdentity => ({ ...IDENTITY, ...more }),
    flight: (more: Partial<FlightIdentity> = {}, ask: Partial<FlightAsk> = {}): Flight => ({
      identity: { ...IDENTITY, ...more },
      origin: 'https://chat.example',
      ask: { ...spent, ...ask },
      async send() {
        const number = sends.push(more.refreshToken ?? 'token-1')
        arrive()
        await answered
        return next(number)
      },
    }),
  }
}

/** A backend that answers at once. */
export function promptBackend(next: (send: number) => RefreshOutcome) {
  const made = heldBackend(next)
  made.answer()
  return made
}
