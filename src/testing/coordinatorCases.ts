import { expectSame } from './conformanceCase.ts'
import { type CoordinatorCases, heldBackend, kindOf, OK, promptBackend } from './coordinatorSubject.ts'

/** Many callers cause one send, and a logout ends it. */
export const coordinatorCases: CoordinatorCases = {
  async 'callers of one flight share one send, and know it'({ coordinator, record }) {
    const { sends, arrived, answer, flight, identity } = heldBackend(() => OK)
    await record(identity())
    const answers = [coordinator.run(flight()), coordinator.run(flight())]
    await arrived
    answer()
    for (const found of await Promise.all(answers)) expectSame('answer', found, { ...OK, shared: true })
    expectSame('sends', sends.length, 1)
  },

  async 'two handles share one send'({ coordinator, other, record, isRecorded }) {
    const { sends, arrived, answer, flight, identity } = heldBackend(() => OK)
    await record(identity())
    const first = coordinator.run(flight())
    await arrived
    const second = other.run(flight())
    // A flight that must wait for the other answer gets it. A flight that may not wait is told so.
    if (isRecorded && other !== coordinator) expectSame('the second', kindOf(await second), 'refused')
    answer()
    const kinds = (await Promise.all([first, second])).map(kindOf)
    expectSame('answers', kinds, isRecorded && other !== coordinator ? ['ok', 'refused'] : ['ok', 'ok'])
    expectSame('sends', sends.length, 1)
  },

  async 'a straggler gets what the spent token brought'({ coordinator, other, record, isRecorded }) {
    const { sends, flight, identity } = promptBackend(() => OK)
    await record(identity())
    await coordinator.run(flight())
    await record(identity({ refreshToken: OK.refreshToken, bearer: OK.bearer }))
    const found = await other.run(flight())
    expectSame('sends', sends.length, 1)
    if (isRecorded && found.kind === 'refused') return
    expectSame('bearer', found.kind === 'ok' && found.bearer, OK.bearer)
    expectSame('refresh token', found.kind === 'ok' && found.refreshToken, OK.refreshToken)
  },

  async 'whatever of the identity differs, it is another flight'({ coordinator, other, record }) {
    const { sends, flight, identity } = promptBackend(() => OK)
    await record(identity())
    await coordinator.run(flight())
    const others = [
      { provider: 'other' },
      { userId: 'u2' },
      { tenantId: 't' },
      { sessionId: 's2' },
      { refreshToken: 'token-9' },
    ]
    for (const [index, more] of others.entries()) {
      await record(identity(more))
      await other.run(flight(more))
      expectSame(`sends after ${JSON.stringify(more)}`, sends.length, index + 2)
    }
  },

  async 'the next token is sent'({ coordinator, other, record }) {
    const { sends, flight, identity } = promptBackend(() => OK)
    await record(identity())
    await coordinator.run(flight())
    await record(identity({ refreshToken: 'token-2', bearer: OK.bearer }))
    await other.run(flight({ refreshToken: 'token-2', bearer: OK.bearer }))
    expectSame('sends', sends, ['token-1', 'token-2'])
  },

  async 'a logout ends the flight: nobody adopts, and who sent may revoke'({ coordinator, record }) {
    const { arrived, answer, flight, identity } = heldBackend(() => OK)
    await record(identity())
    const sender = coordinator.run(flight())
    await arrived
    const follower = coordinator.run(flight())
    coordinator.end(identity())
    answer()
    const found = [await sender, await follower]
    expectSame('kinds', found.map(kindOf), ['ended', 'ended'])
    const late = found.filter((outcome) => outcome.kind === 'ended' && outcome.late?.kind === 'ok')
    expectSame('answers that carry the late token', late.length, 1)
  },

  async 'a login after a logout is not affected'({ coordinator, record }) {
    const { sends, flight, identity } = promptBackend(() => OK)
    await record(identity())
    coordinator.end(identity())
    const later = { sessionId: 's2', refreshToken: 'token-5' }
    await record(identity(later))
    expectSame('answer', kindOf(await coordinator.run(flight(later))), 'ok')
    expectSame('sends', sends, ['token-5'])
  },
}
