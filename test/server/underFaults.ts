import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { LibrechatServerOptions } from './librechatServer.ts'
import { world } from './world.ts'

const MINUTE = 60_000
const USERS = '/api/admin/users'

const FAULTS = ['refused', 'unanswered', 'hanging'] as const
type Fault = (typeof FAULTS)[number]

/** A way to a store, some of whose next calls fail: before they reach it, after they were done, or without a word. */
export function faultyWay(hangMs: number) {
  const due: Fault[] = []
  return {
    due,
    async through<T>(call: () => Promise<T>): Promise<T> {
      const fault = due.shift()
      if (fault === 'refused') throw new Error('refused')
      const answer = await call()
      if (fault === 'unanswered') throw new Error('the socket closed')
      if (fault === 'hanging') await sleep(hangMs)
      return answer
    },
  }
}

/** One process of a server, anew for each run, and what its way to the store still has in store. */
interface FaultyProcess {
  options(): Partial<LibrechatServerOptions>
  readonly due: Fault[]
}

/**
 * I20: whatever the store of two processes does, no token is sent twice, no session comes back after its logout was confirmed,
 * and nobody gets somebody else.
 */
export async function holdsUnderFaults(processes: readonly [FaultyProcess, FaultyProcess]): Promise<void> {
  const { serve, backend, pass } = await world()
  const fault = fc.record({
    kind: fc.constant('fault' as const),
    at: fc.constantFrom(0 as const, 1 as const),
    what: fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 3 }),
  })
  const step = fc.oneof(
    { arbitrary: fault, weight: 2 },
    { arbitrary: fc.record({ kind: fc.constantFrom('call', 'callBoth', 'late') }), weight: 4 },
    { arbitrary: fc.record({ kind: fc.constant('logout' as const) }), weight: 1 },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      // Hold: a token that may be spent is never sent again.
      const [a, b] = processes.map(({ options }) => serve({ patienceMs: 50, resend: 'never', ...options() }))
      if (!a || !b) return
      await a.page.navigate('/session/login/start')
      const cookies = new Map(a.page.cookies)
      const give = () => {
        for (const [name, value] of cookies) for (const { page } of [a, b]) page.cookies.set(name, value)
      }
      backend.log.reset()
      let version = 1
      let isOver = false
      for (const one of steps) {
        give()
        if ('what' in one) processes[one.at].due.push(...one.what)
        if (one.kind === 'late') pass(15 * MINUTE)
        if (one.kind === 'call') await a.page.get(USERS, { headers: { 'x-user-activity': '1' } })
        if (one.kind === 'callBoth') await Promise.all([a.page.get(USERS), b.page.get(USERS)])
        if (one.kind === 'logout') isOver ||= (await b.page.post('/session/logout')).status === 200
        give()
        for (const { page } of [a, b]) {
          const answer = await page.get('/session/')
          if (isOver) expect(answer.status).not.toBe(200)
          if (answer.status !== 200) continue
          const facts = (await answer.json()) as { version: number; user: { id: string } }
          expect(facts.version).toBeGreaterThanOrEqual(version)
          version = facts.version
          expect(facts.user.id).toBe(backend.accounts.openidAdmin.id)
        }
      }
      for (const { due } of processes) due.length = 0
      for (const sends of backend.log.presentationsPerToken().values()) expect(sends.length).toBe(1)
    }),
    { numRuns: 20 },
  )
}
