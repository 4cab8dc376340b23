import { createActor, createMachine } from 'xstate'
import { createSession, memoryStore } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { bytesEach, heap } from '../lib/heap.ts'
import { interleave } from '../lib/interleave.ts'
import { BASE_URL, backend, LIFE_MS, panel } from '../lib/panel.ts'
import type { Report } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'

const SESSIONS = 1_000
const options = { baseUrl: BASE_URL, strategies: { openid: openidStrategy() } }
const answer = { token: 'b', refreshToken: 'r', user: { id: 'ada' }, expiresIn: 3_600 }
const machine = createMachine({ initial: 'one', states: { one: {} } })

async function created(): Promise<number> {
  const { bytes, kept } = await bytesEach(SESSIONS, () => createSession(options))
  for (const session of kept) session.dispose()
  return bytes
}

/** `isStored`: as a server keeps its awake sessions, each with a store. */
async function loggedIn(isStored: boolean): Promise<number> {
  const { bytes, kept } = await bytesEach(SESSIONS, async () => {
    const session = createSession({ ...options, ...(isStored && { store: memoryStore() }) })
    await session.login(answer, { provider: 'openid' })
    return session
  })
  for (const session of kept) session.dispose()
  return bytes
}

/** Calls that wait for a refresh, with the charts of their sessions and the requests to the backend. */
async function waiting(): Promise<number> {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const { server, login, pass } = panel({
    fetch: async (input) => {
      if (String(input instanceof Request ? input.url : input).includes('refresh')) await opened
      return backend(input)
    },
  })
  const cookies: string[] = []
  for (let n = 0; n < SESSIONS; n++) cookies.push(await login())
  pass(LIFE_MS)
  const sessions = await Promise.all(
    cookies.map((cookie) => server.getSession(new Request(BASE_URL, { headers: { cookie } }))),
  )
  const before = await heap()
  const refreshes = sessions.map((session) => session?.refresh())
  const bytes = ((await heap()) - before) / SESSIONS
  open()
  await Promise.all(refreshes)
  return bytes
}

/** P17: what a session with its actor costs in memory. */
export async function p17(): Promise<Report> {
  const cases = [
    { name: 'createSession, nobody logged in', sample: created, goal: 12_000 },
    { name: 'createSession, logged in', sample: () => loggedIn(false) },
    { name: 'createSession with a store, logged in', sample: () => loggedIn(true), goal: 10_000 },
    { name: 'a call of a server that waits for its session’s refresh', sample: waiting },
    {
      name: 'an actor of XState with one state',
      sample: async () => (await bytesEach(SESSIONS, () => createActor(machine).start())).bytes,
    },
  ]
  const samples = await interleave(cases, { warmups: 1, rounds: 5, limitMs: 60_000 })
  return {
    id: 'P17',
    title: `heap of a session with its actor, ${SESSIONS} of them`,
    rows: cases.map(({ name, goal }) => ({
      what: 'heap each',
      who: name,
      spread: spreadOf(samples.get(name) ?? []),
      unit: 'bytes',
      ...(goal !== undefined && { goal }),
    })),
    faults: [],
  }
}
