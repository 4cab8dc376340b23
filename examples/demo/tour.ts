import type { Check } from './evidence.ts'
import { checkWhole } from './overall.ts'
import type { Stage } from './scene.ts'
import { scenes } from './scenes.ts'
import type { Verdict } from './summary.ts'

/** Plays every scene once and checks what it showed. A scene that cannot be played ends the tour. */
export async function playTour(stage: Stage, stop: AbortSignal): Promise<Verdict[]> {
  const { ada, olga, backend, timeline } = stage
  const verdicts: Verdict[] = []
  const start = Date.now()
  const whole = { ada: ada.watch(), olga: olga.watch() }
  for (const [index, scene] of scenes.entries()) {
    timeline.scene(`${index + 1}. ${scene.name}`, scene.intro)
    const ends = { ada: ada.watch(), olga: olga.watch() }
    try {
      await scene.play(stage)
      await landed(stage)
    } catch (error) {
      if (stop.aborted) throw error
      return [...verdicts, { scene: scene.name, checks: [unplayed(error)] }]
    }
    verdicts.push({ scene: scene.name, checks: scene.check({ ada: ends.ada(), olga: ends.olga() }) })
  }
  const notices = [...whole.ada().notices, ...whole.olga().notices]
  const { presentations } = backend.log
  const turnedAway = backend.gateway.turnedAway.filter(({ path }) => path.endsWith('/refresh'))
  const checks = checkWhole({ notices, presentations, turnedAway, tookMs: Date.now() - start })
  return [...verdicts, { scene: 'The whole tour', checks }]
}

/** No refresh is in the air: it belongs to one scene. */
async function landed({ ada, olga, until }: Stage): Promise<void> {
  for (const { name, session } of [ada, olga])
    await until(session, `the refresh of ${name}`, ({ state }) => state !== 'refreshing')
}

const unplayed = (error: unknown): Check => ({
  what: 'played to its end',
  expected: 'yes',
  seen: error instanceof Error ? error.message : 'no',
  ok: false,
})
