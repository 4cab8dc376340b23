import type { Flight, FlightAsk, FlightIdentity } from '../../src/coordination/coordinator.ts'
import { type InProcessOptions, inProcessCoordinator } from '../../src/coordination/inProcess.ts'
import type { RefreshOutcome } from '../../src/session/strategy.ts'
import { fakeClock } from '../fakeClock.ts'

export const ada: FlightIdentity = {
  provider: 'openid',
  userId: 'ada',
  tenantId: 'blue',
  sessionId: 's1',
  refreshToken: 'R1',
}

export const renewed: RefreshOutcome = { kind: 'ok', bearer: 'B2', refreshToken: 'R2' }

/** The same, when somebody else waited for it too. */
export const shared: RefreshOutcome = { kind: 'ok', bearer: 'B2', refreshToken: 'R2', shared: true }

/** A coordinator on a fake clock. Its hash keeps the clear text, so that tests need no WebCrypto to be quick. */
export function coordinatorOnFakeClock(options: InProcessOptions = {}) {
  const clock = fakeClock()
  return {
    clock,
    coordinator: inProcessCoordinator({ clock, random: () => 0, hash: (input) => input, ...options }),
  }
}

/** Of a session without a bearer that remembers so many sends, all of which the backend answered. */
export const knowing = (sends: number): FlightAsk => ({
  resend: 'afterBearerEnds',
  isSpent: true,
  known: sends > 0 ? { sends, sinceMs: 0, answers: sends, answeredSinceMs: 0 } : null,
})

/** A flight that notes its send and lands with `outcome`. */
export function flight(outcome: RefreshOutcome, log: string[] = [], more: Partial<Flight> = {}): Flight {
  const identity = more.identity ?? ada
  return {
    origin: 'https://chat.example',
    ask: knowing(0),
    async send() {
      log.push(identity.refreshToken ?? '')
      return outcome
    },
    ...more,
    identity,
  }
}

/** A flight that stays in the air until `land`. `tookOff` resolves when it was sent. */
export function heldFlight(log: string[] = [], more: Partial<Flight> = {}) {
  let land: (outcome: RefreshOutcome) => void = () => {}
  let departed = () => {}
  const landed = new Promise<RefreshOutcome>((resolve) => {
    land = resolve
  })
  const tookOff = new Promise<void>((resolve) => {
    departed = resolve
  })
  const send = () => {
    log.push('sent')
    departed()
    return landed
  }
  return { flight: flight(renewed, log, { ...more, send }), land, tookOff }
}
