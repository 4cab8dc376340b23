import { isBrowser } from '#browser'
import { clampDelay } from '../../machines/session.deadlines.ts'
import { finite, NEVER } from '../../machines/session.instants.ts'
import type { SessionClock } from '../base/sessionClock.ts'

type Kind = 'background' | 'foreground'

/** One instant of an alarm. */
export class AlarmHand {
  at = NEVER
  readonly kind: Kind
  /** Called with the time when the instant has come. */
  ring: ((at: number) => void) | undefined
  readonly #alarm: Alarm

  constructor(alarm: Alarm, kind: Kind, ring: AlarmHand['ring']) {
    this.#alarm = alarm
    this.kind = kind
    this.ring = ring
  }

  /**
   * Replaces the instant. `NEVER`, and a value that is no number, set no alarm. A far instant is reached in several
   * steps.
   */
  set(instant: number): void {
    const at = finite(instant)
    if (at === this.at) return
    this.at = at
    this.#alarm.arm()
  }
}

/** One timer for the nearest of a session's instants. */
export class Alarm {
  readonly #clock: SessionClock
  readonly #hands: AlarmHand[] = []
  #disarm: (() => void) | undefined

  constructor(clock: SessionClock) {
    this.#clock = clock
  }

  /** Calls `ring` at the instant. While a `foreground` one is set, the timer keeps a Node process alive. */
  hand(kind: Kind, ring?: AlarmHand['ring']): AlarmHand {
    const hand = new AlarmHand(this, kind, ring)
    this.#hands.push(hand)
    return hand
  }

  /** A hand has a new instant. */
  arm(): void {
    const clock = this.#clock
    this.#disarm?.()
    this.#disarm = undefined
    const nearest = Math.min(...this.#hands.map(({ at }) => at))
    if (nearest >= NEVER) return
    // A page has no process that a timer could keep alive.
    const isAwaited = !isBrowser && this.#hands.some(({ at, kind }) => kind === 'foreground' && at < NEVER)
    const kind = isAwaited ? 'foreground' : 'background'
    this.#disarm = clock.setTimer(() => this.#ring(), clampDelay(nearest - clock.now()), kind)
  }

  #ring() {
    this.#disarm = undefined
    const now = this.#clock.now()
    for (const hand of this.#hands) {
      if (hand.at > now) continue
      hand.at = NEVER
      hand.ring?.(now)
    }
    this.arm()
  }
}

export const createAlarm = (clock: SessionClock): Alarm => new Alarm(clock)
