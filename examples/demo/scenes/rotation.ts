import type { Admin } from '../admin.ts'
import { both, type Evidence, failures, renewals } from '../evidence.ts'
import type { Scene, Stage } from '../scene.ts'

const MOST_CALLS = 20

/** Calls once a second until the bearer has been renewed twice. */
async function liveOn({ topOfSecond }: Stage, { session, call }: Admin): Promise<void> {
  const { version } = session.getSnapshot()
  for (let calls = 0; session.getSnapshot().version < version + 2; calls++) {
    if (calls === MOST_CALLS) throw new Error('waited too long for a second renewal')
    await topOfSecond()
    await call()
  }
}

/** Whether every token presented is the successor of the one before. */
const chain = ({ presentations }: Evidence): string => {
  const isUnbroken = presentations.every(
    ({ tokenHash }, index) => index === 0 || presentations[index - 1]?.successorHash === tokenHash,
  )
  return presentations.length > 1 && isUnbroken ? 'unbroken' : 'broken'
}

const twiceOrMore = (count: number): string => (count >= 2 ? '2 or more' : String(count))

export const rotation: Scene = {
  name: 'Rotation',
  intro:
    "Every renewal answers with a new refresh token, and the old one is dead from then on. Both admins call once a second; Ada's timer renews ahead of them, Olga's next caller does.",
  async play(stage) {
    await Promise.all([liveOn(stage, stage.ada), liveOn(stage, stage.olga)])
  },
  check: (seen) => [
    both('failed calls', 'none', seen, failures),
    both('renewals', '2 or more', seen, (of) => twiceOrMore(renewals(of))),
    both('renewals without rotation', '0', seen, (of) =>
      String(renewals(of) - of.presentations.filter(({ outcome }) => outcome === 'ok-rotated').length),
    ),
    both('chain of refresh tokens', 'unbroken', seen, chain),
  ],
}
