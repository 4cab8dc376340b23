import { describe, expect, test } from 'vitest'
import type { Flight, RefreshOutcome } from 'xstate-session'
import { memoryServerStore, type ServerStore } from 'xstate-session/server'
import { twoServers } from '../coordination/subjects.ts'
import { fakeClock } from '../fakeClock.ts'
import { flush, MINUTE } from '../session/fixture.ts'

const OK: RefreshOutcome = { kind: 'ok', bearer: 'B2', refreshToken: 'R2' }

/** Two servers, one store, one session. `fail`: what becomes of the store's next calls, one after the other. */
async function apart() {
  const clock = fakeClock()
  const memory = memoryServerStore({ clock })
  let next: ('lost' | 'refused')[] = []
  const refuse = () => Promise.reject(new Error('The store is away.'))
  const store: ServerStore = {
    ...memory,
    read: (key) => (next.length > 0 && next[0] === 'refused' ? refuse() : memory.read(key)),
    async compareAndSet(...write) {
      const how = next[0] === 'lost' ? next.shift() : next[0]
      if (how !== 'refused') {
        const revision = await memory.compareAndSet(...write)
        if (how === undefined) return revision
      }
      return refuse()
    },
  }
  const { coordinator, other, advance, record } = await twoServers(clock, store)
  let identity = { provider: 'openid', userId: 'ada', sessionId: 's1', bearer: 'B1', refreshToken: 'R1' }
  await record(identity)
  const sent: string[] = []
  const run = (
    server: typeof coordinator,
    name: string,
    answer = () => OK,
    known: Flight['ask']['known'] = null,
  ) => {
    const ask: Flight['ask'] = { resend: known ? 'afterBearerEnds' : 'never', isSpent: true, known }
    const send = async () => {
      sent.push(name)
      return answer()
    }
    return server.run({ identity, origin: 'https://chat.example', ask, send })
  }
  return {
    sent,
    fail: (...how: typeof next) => {
      next = how
    },
    one: (answer?: () => RefreshOutcome) => run(coordinator, 'one', answer),
    /** One that remembers a send of this token which nobody answered. */
    doubtful: () => run(coordinator, 'one', undefined, { sends: 1, sinceMs: MINUTE, answers: 0 }),
    other: () => run(other, 'other'),
    /** A peer has renewed. */
    async renewed() {
      identity = { ...identity, bearer: 'B2', refreshToken: 'R2' }
      await record(identity)
    },
    async pass(ms: number) {
      advance(ms)
      await flush()
      await flush()
    },
  }
}

describe('U60: a store that fails leaves no doubt of a token that never left, under "never" either', () => {
  test('U60: a claim whose acknowledgement was lost is taken back as soon as the store answers', async () => {
    const { sent, fail, one, other, pass } = await apart()
    fail('lost', 'refused')
    expect(await one()).toMatchObject({ kind: 'refused', cause: 'unavailable' })
    await pass(MINUTE)
    expect(await other()).toMatchObject({ kind: 'refused' })
    fail()
    await pass(MINUTE)
    expect(await other()).toMatchObject({ kind: 'ok' })
    expect(sent).toEqual(['other'])
  })

  test('U60: and so is the first of several', async () => {
    const { sent, fail, one, other, pass } = await apart()
    fail('lost', 'refused')
    await one()
    await pass(MINUTE)
    await one()
    // It reads, and cannot write.
    fail('lost', 'refused')
    await one()
    fail()
    await pass(MINUTE)
    expect(await other()).toMatchObject({ kind: 'ok' })
    expect(sent).toEqual(['other'])
  })

  test('U60: what provably never left is told as soon as the store answers', async () => {
    const { sent, fail, one, other, pass } = await apart()
    const answer = one(() => {
      fail('refused')
      return { kind: 'refused', cause: 'unavailable' }
    })
    expect(await answer).toMatchObject({ kind: 'refused' })
    fail()
    await pass(MINUTE)
    expect(await other()).toMatchObject({ kind: 'ok' })
    expect(sent).toEqual(['one', 'other'])
  })

  test('U60: what is given back of one token is no doubt of the next', async () => {
    const { sent, fail, one, doubtful, renewed, other, pass } = await apart()
    await doubtful()
    await pass(MINUTE)
    fail('lost', 'refused')
    await doubtful()
    fail()
    await renewed()
    fail('lost', 'refused')
    await one()
    fail()
    await pass(MINUTE)
    expect(await other()).toMatchObject({ kind: 'ok' })
    expect(sent).toEqual(['one', 'other'])
  })
})
