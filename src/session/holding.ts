import type { SessionEvent } from '../../machines/session.events.ts'
import { createSessionClock } from '../base/sessionClock.ts'
import { boundStore } from './boundStore.ts'
import { createFlights } from './flights.ts'
import type { Notice, SessionNotice } from './notice.ts'
import type { Settings } from './options.ts'
import { createVault } from './vault.ts'

/** Who hears what becomes of a session: its chart, as soon as there is one. */
interface Told {
  send(event: SessionEvent): void
  notify(notice: SessionNotice): void
  isUserActive(): boolean
}

/** What a session holds, and how that is renewed: all that needs no chart. `tell` names who hears of it from then on. */
export function createHolding(settings: Settings) {
  const clock = createSessionClock(settings.clock)
  const store = settings.store && boundStore(settings.store, settings.clock)
  const vault = createVault()
  let told: Told | undefined
  const notify = (notice: Notice) => told?.notify({ ...vault.position(), ...notice })
  const flights = createFlights({
    settings,
    store,
    vault,
    now: clock.now,
    isUserActive: () => told?.isUserActive() === true,
    send: (event) => told?.send(event),
    notify,
  })
  return {
    clock,
    store,
    vault,
    flights,
    notify,
    tell(to: Told) {
      told = to
    },
  }
}

export type Holding = ReturnType<typeof createHolding>
