import { clampDelay } from '../../machines/session.deadlines.ts'
import { finite, NEVER } from '../../machines/session.instants.ts'
import type { SessionClock } from '../base/sessionClock.ts'

/** The instant of an alarm. */
export interface AlarmHand {
  /**
   * Replaces the instant. `NEVER`, and a value that is no number, set no alarm. A far instant is reached in several
   * steps.
   */
  set(instant: number): void
  /** Called with the time when the instant has come. */
  ring(at: number): void
}

/** One timer for the nearest of a session's instants. */
export function createAlarm(clock: SessionClock) {
  const hands: (AlarmHand & { at: number; readonly kind: 'background' | 'foreground' })[] = []
  let disarm = () => {}

  function arm() {
    disarm()
    disarm = () => {}
    const nearest = Math.min(...hands.map(({ at }) => at))
    if (nearest >= NEVER) return
    const isAwaited = hands.some(({ at, kind }) => kind === 'foreground' && at < NEVER)
    disarm = clock.setTimer(ring, clampDelay(nearest - clock.now()), isAwaited ? 'foreground' : 'background')
  }

  function ring() {
    disarm = () => {}
    const now = clock.now()
    for (const hand of hands) {
      if (hand.at > now) continue
      hand.at = NEVER
      hand.ring(now)
    }
    arm()
  }

  return {
    /** Calls `ring` at the instant. While a `foreground` one is set, the timer keeps a Node process alive. */
    hand(kind: 'background' | 'foreground', ring: AlarmHand['ring'] = () => {}): AlarmHand {
      const hand = {
        at: NEVER,
        kind,
        ring,
        set(instant: number) {
          const at = finite(instant)
          if (at === hand.at) return
          hand.at = at
          arm()
        },
      }
      hands.push(hand)
      return hand
    },
  }
}

export type Alarm = ReturnType<typeof createAlarm>
