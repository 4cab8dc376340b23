import type { Clock } from '../base/clock.ts'
import { insist } from '../base/insist.ts'
import type { FlightAsk } from '../coordination/coordinator.ts'
import type { RedisFlight, redisRows } from './rows.ts'

/** Beyond that the oldest are forgotten. Their intents then count as sent, which is safe. */
const MAX_OWED = 10_000

interface Owed {
  notify(): Promise<void>
  stop(): void
}

/**
 * The intents that Redis may hold although their token was never sent. Redis is told as soon as it answers. Until then
 * they count as sends, which may cost the session.
 */
export function redisUnsent(clock: Clock, rows: Pick<ReturnType<typeof redisRows>, 'finish'>) {
  const owed = new Map<string, Owed>()

  function forget(name: string) {
    owed.get(name)?.stop()
    owed.delete(name)
  }

  return {
    /** Nothing was sent under the intent of `turn`, if there is one. */
    owe(turn: RedisFlight, ask: FlightAsk) {
      const { name } = turn
      // The first one may be in Redis. For the later ones Redis was never asked.
      if (owed.has(name)) return
      const notify = async () => {
        await rows.finish(turn, { result: { kind: 'unsent' }, ask, news: undefined, ageMs: 0, roll: 0 })
        forget(name)
      }
      owed.set(name, { notify, stop: insist(clock, notify) })
      const [oldest = ''] = owed.keys()
      if (owed.size > MAX_OWED) forget(oldest)
    },
    /** Before a token is asked for anew: rejects while Redis is away. */
    async notify(name: string) {
      await owed.get(name)?.notify()
    },
    /** It is sent without Redis: the intent is true now. */
    forget,
    close() {
      for (const name of [...owed.keys()]) forget(name)
    },
  }
}
