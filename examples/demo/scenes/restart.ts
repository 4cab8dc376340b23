import { both, deferrals, type Evidence, refreshesSent, tally } from '../evidence.ts'
import type { Scene } from '../scene.ts'

const CLICK_AFTER_MS = 2_500

const ends = ({ notices }: Evidence): string =>
  tally(notices.map(({ type }) => type).filter((type) => type === 'expired' || type === 'loggedOut'))

const toldOfAnEnd = ({ answers }: Evidence): string =>
  tally(answers.filter((answer) => answer === 'session_expired' || answer === 'logged_out'))

const answeredByGateway = ({ answers }: Evidence): string => (answers.includes('502') ? 'some' : 'none')

const astray = (of: Evidence): string => String(Number(refreshesSent(of)) - of.presentations.length)

const fate = ({ presentations }: Evidence): string =>
  presentations.length > 0 && presentations.every(({ outcome }) => outcome === 'ok-rotated')
    ? 'all rotated'
    : tally(presentations.map(({ outcome }) => outcome))

export const restart: Scene = {
  name: 'The backend restarts behind its gateway',
  intro:
    "A deploy: the gateway answers everything with 502 in place of the backend, the refreshes of both admins among it, until both bearers have ended. A gateway says nothing of a token, so nobody is logged out. Soon after the backend is back Ada clicks 'stay signed in'; Olga's session tries again when its wait is over.",
  async play({ ada, olga, backend, timeline, sleep, until }) {
    const admins = [ada, olga]
    const before = new Map(admins.map((admin) => [admin, admin.session.getSnapshot().version]))
    await backend.gateway.set('badGateway')
    timeline.note('the backend restarts: its gateway answers 502')
    let isCalling = true
    // Each admin apart: a call of one that waits for a bearer must not hold back the calls of the other.
    const callOn = async ({ call }: typeof ada) => {
      for (; isCalling; await sleep(250)) await call()
    }
    const restarted = async () => {
      try {
        for (const { name, session } of admins)
          await until(
            session,
            `the end of the bearer of ${name}`,
            (is) => is.state === 'retrying' && !is.isUsable,
          )
        await backend.gateway.set('open')
        timeline.note('the backend is back')
        await sleep(CLICK_AFTER_MS)
        timeline.note("Ada clicks 'stay signed in'")
        ada.session.refresh({ by: 'user' }).catch(() => {})
        for (const admin of admins) {
          const isRenewed = () => admin.session.getSnapshot().version > (before.get(admin) ?? 0)
          await until(
            admin.session,
            `the renewal of ${admin.name}`,
            (is) => is.state === 'active' && isRenewed(),
          )
        }
      } finally {
        isCalling = false
        await backend.gateway.set('open')
      }
    }
    await Promise.all([...admins.map(callOn), restarted()])
    await Promise.all(admins.map(({ call }) => call(1, true)))
  },
  check: (seen) => [
    both('logged out', 'none', seen, ends),
    both('calls told of an end', 'none', seen, toldOfAnEnd),
    both('calls answered by the gateway', 'some', seen, answeredByGateway),
    both('refreshes that never arrived', '1', seen, astray),
    both('refresh put off', '1x unknown (status)', seen, deferrals),
    both('refresh tokens presented', 'all rotated', seen, fate),
    both('state', 'active', seen, ({ after }) => after.state),
  ],
}
