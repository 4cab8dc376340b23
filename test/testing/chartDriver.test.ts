import { expect, test } from 'vitest'
import { chartDriver, modelSuite } from 'xstate-session/testing'

const limits = { idleTimeoutMs: 3_600_000, absoluteLifetimeMs: 8 * 3_600_000, shared: true }

const settings = (['eager', 'onDemand', 'prompt'] as const).flatMap((policy) =>
  (['afterBearerEnds', 'never', { withinMs: 20_000 }] as const).flatMap((resend) =>
    (['pending', 'loggedIn'] as const).map((start) => ({ ...limits, policy, resend, start })),
  ),
)

test.each(settings)('the bare chart is where the model is: $policy, $resend, $start', async (given) => {
  const suite = modelSuite(chartDriver(), [
    { ...given, paths: 'shortest' },
    { ...given, paths: 'tours', lifeMs: 90_000, leadTimeMs: 20_000 },
  ])
  for (const { run } of suite.paths) await run()
})

test('a UI is shown the running chart, is asked after each step, and is taken down', async () => {
  const calls: string[] = []
  const driver = chartDriver({
    mount(actorRef) {
      const { unsubscribe } = actorRef.subscribe(({ value }) => calls.push(`shown ${value}`))
      return () => {
        unsubscribe()
        calls.push(`down, ${actorRef.getSnapshot().status}`)
      }
    },
    shows: ({ event }) => void calls.push(`asked after ${event}`),
    unreachable: { 'provider.loggedOut': 'No back channel.' },
  })
  const suite = modelSuite(driver)
  expect(suite.events).not.toContain('provider.loggedOut')
  await suite.walk(['login.completed']).run()
  expect(calls).toEqual(['asked after start', 'shown active', 'asked after login.completed', 'down, active'])
})
