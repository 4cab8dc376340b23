import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createActor, fromCallback } from 'xstate'
import type { TransitionNotice } from '../../machines/session.events.ts'
import { sessionMachine } from '../../machines/session.machine.ts'
import { begin, factsOf, instants, LOGIN, renewalAt, type Snapshot, step } from './chart.ts'
import { type Setting, settings, variants } from './situations.ts'
import { inputs, instantOf, moves } from './walks.ts'

const emittedOf = (actions: readonly { readonly type: string; readonly params?: unknown }[]) =>
  actions.flatMap(({ type, params }) =>
    type === 'xstate.emit' ? [(params as { readonly event: TransitionNotice }).event] : [],
  )

/** What two snapshots say happened between them. */
function differences({ value: from, context: b }: Snapshot, { value: to, context: a }: Snapshot) {
  const { epoch, version, reason } = a
  const hasEndedAnew = from === 'expired' && to === 'expired' && version > b.version
  const types = [
    ...(epoch === b.epoch && version > b.version ? ['refreshed'] : []),
    // A renewal that is of no use ends the session once more, perhaps for another reason.
    ...((from !== to && to !== 'active' && to !== 'retrying' && to !== 'refreshing') || hasEndedAnew
      ? [to]
      : []),
  ]
  return types.map((type) => ({
    epoch,
    version,
    type,
    ...((type === 'expired' || type === 'loggedOut') && { reason }),
  }))
}

describe('the chart emits what its transitions tell', () => {
  test('each of them once, in every state, for every event', () => {
    const types = new Set<string>()
    for (const setting of Object.values(settings) as Setting[])
      for (const { snapshot, since } of Object.values(setting))
        for (const [type, ways] of Object.entries(variants))
          for (const [way, fields] of Object.entries(ways))
            for (const at of Object.values(instants)) {
              if (at < since) continue
              const { after, actions } = step(snapshot, { type, ...fields, at } as never)
              const emitted = emittedOf(actions)
              for (const notice of emitted) types.add(notice.type)
              expect(emitted, `${type} ${way} at ${at} in ${snapshot.value}`).toEqual(
                differences(snapshot, after),
              )
            }
    expect(types).toEqual(new Set(['refreshed', 'nearingExpiry', 'expired', 'loggedOut']))
  })

  test('on every walk', () => {
    fc.assert(
      fc.property(inputs, moves, (input, way) => {
        let now = LOGIN
        let before = begin(input)
        for (const { after, make } of way) {
          const { leadAt: lead, endsAt: end, floorAt: floor } = before.context
          now = instantOf(after, now, { lead, end, floor })
          const next = step(before, make(now, before.context))
          expect(emittedOf(next.actions)).toEqual(differences(before, next.after))
          before = next.after
        }
      }),
      { numRuns: 500 },
    )
  })

  test('typed, with the position of the session, and with nothing of its user', () => {
    const quiet = fromCallback(() => {})
    const machine = sessionMachine.provide({ actors: { alarm: quiet, refresh: quiet } as never })
    const actor = createActor(machine, { input: { facts: factsOf(), at: LOGIN } })
    const heard: TransitionNotice[] = []
    const ends: unknown[] = []
    actor.on('*', (notice) => heard.push(notice))
    actor.on('expired', ({ reason, version }) => ends.push([reason, version]))
    actor.start()
    actor.send({ type: 'session.renewed', facts: renewalAt(LOGIN, 2), at: LOGIN })
    actor.send({ type: 'user.changed', idle: true, at: LOGIN })
    actor.send({ type: 'time.checked', at: instants.lead })
    actor.send({ type: 'refresh.rejected', epoch: 1, version: 2, reason: 'accessRevoked', at: instants.lead })
    actor.send({ type: 'session.ended', reason: 'user', at: instants.lead })
    actor.send({ type: 'session.ended', reason: 'elsewhere', at: instants.lead })
    actor.stop()
    const at = { epoch: 1, version: 2 }
    expect(heard).toEqual([
      { type: 'refreshed', ...at },
      { type: 'nearingExpiry', ...at },
      { type: 'expired', reason: 'accessRevoked', ...at },
      { type: 'loggedOut', reason: 'user', ...at },
    ])
    expect(ends).toEqual([['accessRevoked', 2]])
    expect(JSON.stringify(heard)).not.toContain('ada')
  })
})
