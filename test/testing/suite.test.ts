import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import {
  createSessionModel,
  describeCoverage,
  type ModelDriver,
  type ModelEventType,
  type ModelPathKind,
  type ModelSnapshot,
  modelEvents,
  modelSuite,
  modelTransitions,
  type SessionModelOptions,
  sumCoverage,
} from 'xstate-session/testing'

const limits = { idleTimeoutMs: 3_600_000, absoluteLifetimeMs: 8 * 3_600_000, shared: true }

/** Drives the model itself: what a suite expects and what it gets are then the same. */
function mirror(more: Partial<ModelDriver> = {}): ModelDriver {
  let actor = createActor(createSessionModel())
  const state = (step: { to: { state: string; reason: string | null } }) => {
    const { value, context } = actor.getSnapshot() as ModelSnapshot
    expect([value, context.reason]).toEqual([step.to.state, step.to.reason])
  }
  return {
    start(options) {
      actor = createActor(createSessionModel(options)).start()
    },
    events: Object.fromEntries(
      (Object.keys(modelEvents) as ModelEventType[]).map((type) => [type, () => actor.send({ type })]),
    ),
    states: Object.fromEntries(Object.keys(createSessionModel().states).map((name) => [name, state])),
    isChart: true,
    ...more,
  }
}

describe('the paths', () => {
  test('to every row take all of them, every reason of the chart, and every event', () => {
    const suite = modelSuite(mirror(), [
      { ...limits, start: 'pending' },
      { ...limits, start: 'loggedIn', resend: 'never' },
      { ...limits, start: 'inDoubt', resend: { withinMs: 40_000 } },
      { ...limits, start: 'pending', policy: 'prompt' },
    ])
    const planned = suite.planned()
    expect(Object.keys(planned.transitions).sort()).toEqual(modelTransitions().sort())
    expect(Object.keys(planned.reasons)).toHaveLength(15)
    expect(new Set(suite.paths.flatMap(({ steps }) => steps.map(({ event }) => event)))).toEqual(
      new Set(['start', ...Object.keys(modelEvents)]),
    )
    expect(describeCoverage(planned)).toMatchInlineSnapshot(`
      "states       6 of 6
      transitions  93 of 93
      reasons      15 of 17
        not seen: keyLost, which no backend causes: the browser has lost the key of the tokens
        not seen: internal, which no event causes: the chart itself failed"
    `)
  })

  test.each(['transitions', 'shortest', 'simple', 'tours'] as const satisfies ModelPathKind[])(
    '%s: none is the beginning of another, and all of them pass where the system is the model',
    async (paths) => {
      const suite = modelSuite(mirror(), { ...limits, paths, resend: 'never' })
      const texts = suite.paths.map(({ steps }) => steps.map(({ event }) => event).join(' '))
      for (const text of texts) expect(texts.filter((other) => other.startsWith(`${text} `))).toEqual([])
      expect(new Set(texts).size).toBe(texts.length)
      for (const { run } of suite.paths) await run()
      expect(suite.walked()).toEqual(suite.planned())
    },
  )

  test('the simple ones come to no state twice', () => {
    const { paths } = modelSuite(mirror(), { ...limits, policy: 'onDemand', paths: 'simple' })
    for (const { steps } of paths) expect(new Set(steps.map(({ to }) => to.state)).size).toBe(steps.length)
    expect(
      Object.keys(modelSuite(mirror(), { policy: 'onDemand', paths: 'simple' }).planned().states),
    ).toHaveLength(6)
  })

  test('look at the clock first where that leads on, but for a driver of the chart itself', () => {
    const options = { ...limits, paths: 'shortest' } as const
    /** What comes after the user is back, while an attempt is due that nobody made for a user who was away. */
    const next = (driver: ModelDriver) =>
      modelSuite(driver, options).paths.flatMap(({ steps }) =>
        steps.flatMap(({ event, from, to, snapshot }, at) =>
          event === 'user.cameBack' &&
          from.state === 'retrying' &&
          to.state === 'retrying' &&
          snapshot.context.now >= (to.retryAt ?? Infinity)
            ? (steps[at + 1]?.event ?? [])
            : [],
        ),
      )
    expect(next(mirror()).filter((event) => event !== 'time.woke')).not.toEqual([])
    const session = mirror({ isChart: false })
    expect(next(session).filter((event) => event !== 'time.woke')).toEqual([])
    const away = ['login.completed', 'time.refreshDue', 'refresh.refused', 'user.wentIdle'] as const
    const { steps } = modelSuite(session, options).walk([
      ...away,
      'time.bearerEnded',
      'user.cameBack',
      'user.stayed',
    ])
    expect(steps.map(({ event }) => event).slice(-3)).toEqual(['user.cameBack', 'time.woke', 'user.stayed'])
  })

  test('are named by their events and where they lead', () => {
    const { paths } = modelSuite(mirror(), [{ policy: 'prompt' }, { policy: 'eager' }])
    const names = paths.map(({ name }) => name)
    expect(names).toContain(
      'policy eager: login.withoutRefresh > bearer.rejectedByApi = expired (notRefreshable)',
    )
    for (const name of names) expect(name).toMatch(/^policy (eager|prompt): [\w.> ]+ = \w+( \(\w+\))?$/)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('U53: a model suite tells of a failure early, and of the user that is driven', () => {
  const broken = () => {
    const acts: string[] = []
    const driver = mirror({
      start: () => {},
      events: { 'login.completed': () => void acts.push('login') },
    })
    const failing: ModelDriver = {
      ...driver,
      states: {
        ...driver.states,
        loggedOut: () => {},
        active: () => {
          throw new Error('The panel shows nothing.')
        },
      },
    }
    return { acts, failing }
  }
  const runAll = async ({ paths }: ReturnType<typeof modelSuite>) => {
    const errors: string[] = []
    for (const { run } of paths) await run().catch((error: Error) => errors.push(error.message))
    return errors
  }

  test('what fails in one path is not waited for in the paths that go through it', async () => {
    const { acts, failing } = broken()
    const suite = modelSuite(failing, {}, { maxFailures: Infinity })
    const through = suite.paths.filter(({ steps }) => steps[1]?.event.startsWith('login.'))
    const errors = await runAll(suite)
    expect(through.length).toBeGreaterThan(10)
    expect(acts).toHaveLength(1)
    expect(
      errors.filter((text) => text.startsWith('Not walked: it begins with what has failed in')),
    ).toHaveLength(through.length - new Set(through.map(({ steps }) => steps[1]?.event)).size)
  })

  test('after three failures the others fail at once, and say how to walk them all the same', async () => {
    const unable = { ...mirror(), states: {}, events: {} }
    const starts: string[] = []
    const count = { ...unable, start: () => void starts.push('start') }
    const options = [{}, { policy: 'onDemand' }, { policy: 'prompt' }, { shared: true }] as const
    const errors = await runAll(modelSuite(count, options))
    expect(starts).toHaveLength(3)
    expect(errors.at(-1)).toBe(
      'Not walked: 3 paths have failed. Mend these first, or give the suite { maxFailures: Infinity }.',
    )
    expect(() => modelSuite(mirror(), {}, { maxFailures: 0 })).toThrow(
      '"maxFailures" is a number of at least 1',
    )
  })

  test('a path of its own is walked whatever failed before, so that a failing walk can shrink', async () => {
    const { acts, failing } = broken()
    const suite = modelSuite(failing, {}, { maxFailures: 1 })
    await runAll(suite)
    const before = acts.length
    await expect(suite.walk(['login.completed']).run()).rejects.toThrow('The panel shows nothing.')
    expect(acts).toHaveLength(before + 1)
  })

  test('the model tells the user that its driver logs in', () => {
    const grace = { id: 'grace', name: 'Grace Hopper' }
    const users = modelSuite(mirror(), { user: grace }).paths.flatMap(({ steps }) =>
      steps.map(({ to }) => to.user),
    )
    expect(new Set(users.map((user) => user?.name))).toEqual(new Set([undefined, 'Grace Hopper']))
  })
})

describe('a driver', () => {
  const without = <T extends object>(of: T, name: keyof T) => ({ ...of, [name]: undefined })
  const errorsOf = async (driver: ModelDriver, options = {}) => {
    const errors: string[] = []
    for (const { run } of modelSuite(driver, options, { maxFailures: Infinity }).paths)
      await run().catch((error) => errors.push(String(error)))
    return errors.filter((error) => !error.includes('Not walked'))
  }

  test('without a handler for an event fails every path that needs it, and says so', async () => {
    const whole = mirror()
    const driver = { ...whole, events: without(whole.events, 'refresh.refused') } as ModelDriver
    const [first] = await errorsOf(driver)
    expect(first).toContain('The driver has no handler in "events" for "refresh.refused"')
    expect(first).toContain('login.completed -> active\n  time.refreshDue -> refreshing')
  })

  test('without a check for a state fails every path that comes there', async () => {
    const whole = mirror()
    const driver = { ...whole, states: without(whole.states, 'nearingExpiry') } as ModelDriver
    expect(String(await errorsOf(driver, { policy: 'prompt' }))).toContain(
      'no handler in "states" for "nearingExpiry"',
    )
  })

  test('that shows another state fails, with the trace', async () => {
    const whole = mirror()
    const errors = await errorsOf({ ...whole, events: { ...whole.events, 'user.loggedOut': () => {} } })
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toMatch(/user\.loggedOut -> loggedOut \(user\) {2}<- here/)
  })

  test('is brought up before every path and taken down after it, failed or not', async () => {
    const calls: string[] = []
    const { events } = mirror()
    const driver = {
      start: () => void calls.push('start'),
      stop: () => void calls.push('stop'),
      events,
      states: {},
    }
    const { paths } = modelSuite(driver)
    await expect(paths[0]?.run()).rejects.toThrow('no handler')
    expect(calls).toEqual(['start', 'stop'])
  })

  test('walks one path at a time: another is refused, and takes nothing down', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const calls: string[] = []
    const driver = mirror({ stop: () => void calls.push('stop') })
    const start = (options: SessionModelOptions) => held.then(() => driver.start?.(options))
    const [one, two] = modelSuite({ ...driver, start }).paths
    const first = one?.run()
    await expect(two?.run()).rejects.toThrow(`The driver is still walking "${one?.name}"`)
    expect(calls).toEqual([])
    release()
    await first
    await two?.run()
    expect(calls).toEqual(['stop', 'stop'])
  })

  test.each([
    ['paths', () => modelSuite(mirror(), { paths: 'shortes' as never })],
    ['unreachable', () => modelSuite(mirror({ unreachable: { 'network.restord': 'deaf' } as never }))],
    [
      'unreachable',
      () => modelSuite(mirror({ unreachable: { 'actve: user.stayed': 'no button' } as never })),
    ],
    ['unreachable', () => modelSuite(mirror({ unreachable: { 'active: time.checked -> expired': 'slow' } }))],
    ['unreachable', () => modelSuite(mirror({ unreachable: { 'network.restored': '' } }))],
    ['walk', () => modelSuite(mirror()).walk(['login.complete' as never])],
    ['walk', () => modelSuite(mirror()).walk([-1])],
    ['walk', () => modelSuite(mirror()).walk([0.5])],
  ])('is told of a wrong word in %s', (part, make) => {
    expect(make).toThrow(new RegExp(`^"?${part}`))
  })

  test('may open again what another has closed', () => {
    const closed = { 'network.restored': 'deaf' }
    const { events } = modelSuite(
      mirror({ unreachable: { ...closed, 'network.restored': undefined } as never }),
    )
    expect(events).toContain('network.restored')
  })

  test('that fails twice says what failed first', async () => {
    const stop = () => {
      throw new Error('It does not go down.')
    }
    const [path] = modelSuite(mirror({ stop })).paths
    await expect(path?.run()).rejects.toThrow('It does not go down.')
    const { states } = mirror()
    const [other] = modelSuite(
      mirror({ stop, states: { ...states, loggedOut: stop, active: () => {} } }),
    ).paths
    await expect(other?.run()).rejects.toThrow('<- here')
  })

  test('goes where it can, and lists the rest with why', async () => {
    const driver = mirror({
      unreachable: {
        'network.restored': 'The page does not listen to the network.',
        'retrying: time.retryDue': 'Too slow.',
        'retrying: time.woke': 'Too slow.',
      },
    })
    const suite = modelSuite(driver, limits)
    for (const { run, steps } of suite.paths) {
      await run()
      expect(steps.some(({ event }) => event === 'network.restored')).toBe(false)
    }
    const { unreachable, transitions } = suite.walked()
    expect(unreachable['retrying: network.restored [isFreeToRetry] -> refreshing']).toBe(
      'The page does not listen to the network.',
    )
    expect(transitions['retrying: network.restored [isFreeToRetry] -> refreshing']).toBeUndefined()
    expect(describeCoverage(suite.walked())).toContain(
      'not walked: retrying: network.restored [isFreeToRetry] -> refreshing\n    The page does not listen',
    )
  })

  test('and another together: what one of them walks is not unreachable', () => {
    const half = modelSuite(mirror({ unreachable: { 'network.restored': 'deaf' } }), limits).planned()
    const other = modelSuite(mirror(), limits).planned()
    const row = 'retrying: network.restored [isFreeToRetry] -> refreshing'
    expect(half.unreachable[row]).toBe('deaf')
    expect(sumCoverage(half, other).unreachable[row]).toBeUndefined()
    expect(sumCoverage(half, other).transitions[row]).toBe(other.transitions[row])
  })
})
