import type { Presentation } from '../../backend/presentations.ts'
import type { Admin } from '../admin.ts'
import { both, deferrals, type Evidence, failures, outcomes, same } from '../evidence.ts'
import type { Scene, Stage } from '../scene.ts'

const DOWN_MS = 1_000
/** A click does not wait for the backoff, but five seconds after a send. */
const CLICK_AFTER_MS = 5_200

/** Starts from a bearer that is as good as new. */
async function withNewBearer({ until, topOfSecond }: Stage, { session, call }: Admin): Promise<void> {
  if ((session.getSnapshot().expiresAt ?? 0) - Date.now() > 5_500) return
  await until(session, 'the lead time', ({ state }) => state === 'nearingExpiry')
  await topOfSecond()
  await call()
}

/** The one token that did not get a good answer at once, with all its uses. */
const inTrouble = ({ presentations }: Evidence): Presentation[] => {
  const first = presentations.find(({ outcome }) => !outcome.startsWith('ok'))
  return presentations.filter(({ tokenHash }) => tokenHash === first?.tokenHash)
}

const usesInTrouble = (of: Evidence): string => outcomes(inTrouble(of))

/** Whether the token of unknown fate was held back as long as the old bearer could serve. */
const held = (of: Evidence): string => {
  const end = of.steps.find(({ state }) => state === 'retrying')?.expiresAt
  const [, resent] = inTrouble(of)
  if (end === undefined || !resent) return 'not resent'
  return resent.at >= end - 50 ? 'after the bearer ended' : 'too early'
}

export const outage: Scene = {
  name: 'An outage, ridden out',
  intro:
    "Two kinds of trouble. Ada is turned away with 429: her token was not touched, so it is sent again as soon as the backend allows. For Olga the provider goes down: the backend cannot tell whether her token was spent, so it is held as long as the old bearer serves. After that it goes out again: by itself ten seconds after the first send, or as soon as Olga clicks 'stay signed in'.",
  async play(stage) {
    const { ada, olga, backend, timeline, sleep, until } = stage
    await withNewBearer(stage, olga)
    const version = { ada: ada.session.getSnapshot().version, olga: olga.session.getSnapshot().version }
    backend.faults.inject('cookieRefresh', { kind: 'respond', status: 429, headers: { 'Retry-After': '1' } })
    backend.operator.setProviderConnection('down')
    timeline.note('the provider is down, and the next refresh of Ada will get 429 (Retry-After: 1 s)')
    timeline.note('both admins make four calls a second meanwhile')

    let isCalling = true
    const callOn = async () => {
      for (; isCalling; await sleep(250)) await Promise.all([ada.call(), olga.call()])
    }
    const endsAgain = async () => {
      try {
        await until(olga.session, 'the first doubtful send', ({ state }) => state === 'retrying')
        await sleep(DOWN_MS)
      } finally {
        isCalling = false
      }
      backend.operator.setProviderConnection('up')
      timeline.note("the provider is up again; Olga's token still waits for the end of her bearer")
      await sleep(CLICK_AFTER_MS - DOWN_MS)
      timeline.note("Olga clicks 'stay signed in'")
      await olga.session.refresh({ by: 'user' })
    }
    await Promise.all([callOn(), endsAgain()])
    await Promise.all([
      until(ada.session, 'the renewal of Ada', (is) => is.state === 'active' && is.version > version.ada),
      until(olga.session, 'the renewal of Olga', (is) => is.state === 'active' && is.version > version.olga),
    ])
    await Promise.all([ada.call(1, true), olga.call(1, true)])
  },
  check: (seen) => [
    both('failed calls', 'none', seen, failures),
    same('refresh put off (Ada)', '1x refused (limited)', deferrals(seen.ada)),
    same('refresh put off (Olga)', '1x unknown (refreshFailed)', deferrals(seen.olga)),
    same('uses of that token (Ada)', 'refused, rotated', usesInTrouble(seen.ada)),
    same('uses of that token (Olga)', 'unknown, rotated', usesInTrouble(seen.olga)),
    same('token in doubt sent again', 'after the bearer ended', held(seen.olga)),
    both('state', 'active', seen, ({ after }) => after.state),
  ],
}
