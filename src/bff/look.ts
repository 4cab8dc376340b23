import type { Parts } from './parts.ts'

const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10_000
/** How long a look may take. A session that is known already is looked for this long, in several tries. */
const LOOK_MS = 10_000
/** The events of one wake-up come within this time. */
const TOGETHER_MS = 1_000

/** Asks the server who is logged in. All callers share one request. */
export function createLook({ chart, login, call, settings, heed }: Parts) {
  let going: { readonly since: number; readonly done: Promise<void>; again?: Promise<void> } | undefined
  let endPause = () => {}

  /**
   * Resolves when the server has answered. If the session was known before, it resolves after `LOOK_MS` at the latest.
   */
  function look(): Promise<void> {
    if (!going) {
      const done = ask().finally(() => {
        going = undefined
      })
      going = { since: chart.now(), done }
      return done
    }
    endPause()
    // An earlier request may have been sent before the page slept.
    if (chart.now() - going.since > TOGETHER_MS) going.again ??= going.done.then(look)
    return going.again ?? going.done
  }

  async function ask(): Promise<void> {
    const until = chart.now() + LOOK_MS
    for (let pauseMs = FIRST_PAUSE_MS; chart.isRunning(); pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      if (await askOnce()) return
      if (!chart.isRunning() || (!chart.read().isPending && chart.now() + pauseMs > until)) return
      await new Promise<void>((resolve) => {
        const disarm = settings.clock.setTimer(resolve, pauseMs, 'background')
        endPause = () => {
          disarm()
          resolve()
        }
      })
    }
  }

  /** Resolves to whether it is settled who is logged in. */
  async function askOnce(): Promise<boolean> {
    const turn = login.turns()
    const name = login.name()
    const answer = await call('', name, LOOK_MS)
    const { facts, word, body } = answer
    heed(answer)
    // A login or a logout came first and settles this by itself.
    if (!chart.isRunning() || login.turns() !== turn) return true
    // The server names the user only to a page that shows nobody.
    if (word === 'other_login') return login.replaced(name) && askOnce()
    if (facts) login.adopt(facts)
    else if (word) login.ended(name, body?.reason)
    return !!(facts ?? word)
  }

  return {
    look,
    /** Asks at once if the next request waits for a better time. */
    hurry: () => endPause(),
  }
}
