import type { Parts } from './parts.ts'

const FIRST_PAUSE_MS = 1_000
const MAX_PAUSE_MS = 10_000
/** How long a look may take; and how long a session that is known already is looked for, over several tries. */
const LOOK_MS = 10_000
/** Events of one awakening come within this time of each other. */
const TOGETHER_MS = 1_000

/** Asks the server who is logged in. Everybody who wants to know shares one question. */
export function createLook({ chart, login, call, settings, page, read }: Parts) {
  let going: { readonly since: number; readonly done: Promise<void>; again?: Promise<void> } | undefined
  let endPause = () => {}

  /** Resolves when the server has said who is logged in, or, where that was known before, after `LOOK_MS`. */
  function look(): Promise<void> {
    if (settings.isInert) return Promise.resolve()
    if (!going) {
      const done = ask().finally(() => {
        going = undefined
      })
      going = { since: chart.now(), done }
      return done
    }
    endPause()
    // What began a while ago may have been asked before the page slept.
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
    const finding = read(await call('GET', '', name, LOOK_MS))
    if (!chart.isRunning()) return true
    // A login or a logout came first, and is settled by itself.
    if (login.turns() !== turn) return true
    if (finding?.kind === 'facts') {
      login.adopt(finding.facts)
      login.share(finding.facts)
      return true
    }
    if (finding?.kind === 'nobody') {
      if (!login.end(name, finding.reason) && chart.read().isPending) login.close('never')
      page().share(null)
      return true
    }
    // Who it is, the server tells whoever believes in nobody.
    return finding !== undefined && login.end(name) && askOnce()
  }

  return {
    look,
    /** Asks at once, where the next question waits for a better time. */
    hurry: () => endPause(),
  }
}
