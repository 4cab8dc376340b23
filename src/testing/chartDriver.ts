import { createActor, fromCallback } from 'xstate'
import type { SessionContext, SessionInput } from '../../machines/session.context.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { selectSession } from '../../machines/session.select.ts'
import type { SessionActorRef } from '../session/session.ts'
import { FOUND, MODEL_START, type SessionModelOptions, settingsOf } from './createSessionModel.ts'
import type { DrivenUiOptions, Unmount } from './driverOfSession.ts'
import type { ModelDriver } from './modelDriver.ts'
import { type ModelEventType, type ModelSettings, modelEvents } from './modelEvents.ts'
import type { ModelStep } from './modelStep.ts'

/** The UI that runs or shows the chart, if there is one. */
export interface ChartDriverOptions extends Pick<DrivenUiOptions, 'shows' | 'unreachable'> {
  /** Shows the running chart in the UI under test. Returns the function that takes it down again. */
  readonly mount?: (actorRef: SessionActorRef) => Unmount | Promise<Unmount>
}

/**
 * A driver for the bare `sessionMachine`, as a parent machine runs it. It sends each event of the model as an event of
 * the chart, and the ports of the chart do nothing. It takes every row, also the rows that no session reaches, because a
 * session checks the clock before it asks. After each step it compares the chart with the model. Then `shows` checks your
 * UI. The model may have any options.
 *
 * @example
 * for (const { name, run } of modelSuite(chartDriver()).paths) test(name, run)
 */
export function chartDriver({ mount, shows, unreachable }: ChartDriverOptions = {}): ModelDriver {
  const quiet = fromCallback(() => {})
  const machine = sessionMachine.provide({
    actors: { alarm: quiet, refresh: quiet } as never,
    actions: { reread() {} },
  })
  let settings: ModelSettings = settingsOf({})
  let actor = createActor(machine)
  let now = MODEL_START
  let sentAt: number | undefined
  let unmount: Unmount

  const read = (type: ModelEventType, context: SessionContext) =>
    modelEvents[type].read({ ...context, now, ...(sentAt && { sentAt }) }, settings)

  function begin(model: SessionModelOptions, facts?: SessionInput['facts']) {
    const { policy, idleTimeoutMs, absoluteLifetimeMs, shared } = model
    const input = {
      policy,
      idleTimeoutMs,
      absoluteLifetimeMs,
      shared,
      at: now,
      ...(facts !== undefined && { facts }),
    }
    actor = createActor(machine, { input: input as SessionInput })
    return actor.getSnapshot().context
  }

  function send(type: ModelEventType) {
    const { value, context } = actor.getSnapshot()
    const event = read(type, context)
    if (!event) throw new Error(`The chart knows no ${type} where it is.`)
    now = event.at
    actor.send(event)
    if (value !== 'refreshing' && actor.getSnapshot().value === 'refreshing') sentAt = now
  }

  async function check(step: ModelStep) {
    const found = JSON.stringify(selectSession(actor.getSnapshot()))
    const expected = JSON.stringify(step.to)
    if (found !== expected) throw new Error(`Expected ${expected}; it is ${found}.`)
    await shows?.(step)
  }

  return {
    async start(model) {
      settings = settingsOf(model)
      now = MODEL_START
      sentAt = undefined
      const context = begin(model, model.start === 'pending' ? undefined : null)
      if (model.start === 'loggedIn' || model.start === 'inDoubt')
        begin(model, (read(FOUND[model.start], context) as { readonly facts?: SessionInput['facts'] }).facts)
      actor.start()
      unmount = await mount?.(actor)
    },
    async stop() {
      try {
        await unmount?.()
      } finally {
        unmount = undefined
        actor.stop()
      }
    },
    events: Object.fromEntries(
      (Object.keys(modelEvents) as ModelEventType[]).map((type) => [type, () => send(type)]),
    ),
    states: Object.fromEntries(Object.keys(machine.states).map((name) => [name, check])),
    isChart: true,
    ...(unreachable && { unreachable }),
  }
}
