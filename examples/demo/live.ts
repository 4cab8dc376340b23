import type { Stage } from './scene.ts'
import { login } from './scenes/login.ts'
import { scenes } from './scenes.ts'

const QUIET_SECONDS = 10

/** Plays the scenes for ever, with some everyday life between them. */
export async function live(createStage: () => Stage): Promise<never> {
  for (;;) {
    const stage = createStage()
    const { ada, olga, backend } = stage
    try {
      for (const scene of scenes) {
        stage.timeline.scene(scene.name, scene.intro)
        await scene.play(stage)
        // A login has no everyday life yet.
        if (scene !== login) await everyday(stage)
      }
    } finally {
      ada.session.dispose()
      olga.session.dispose()
    }
    backend.operator.grantAdmin('openidAdmin')
    backend.log.reset()
  }
}

/** Whoever is logged in calls once a second. */
async function everyday({ ada, olga, timeline, topOfSecond }: Stage): Promise<void> {
  const isIn = [ada, olga].filter(({ session }) => session.getSnapshot().isAuthenticated)
  if (isIn.length === 0) return topOfSecond()
  timeline.note(
    `nothing special for ${QUIET_SECONDS} s; ${isIn.map(({ name }) => name).join(' and ')} on with one call a second`,
  )
  for (let second = 0; second < QUIET_SECONDS; second++) {
    await topOfSecond()
    await Promise.all(isIn.map(({ call }) => call()))
  }
}
