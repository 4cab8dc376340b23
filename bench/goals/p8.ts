import { setImmediate as nextJob } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSession } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import { interleave } from '../lib/interleave.ts'
import { panel, TOKEN_CHARS } from '../lib/panel.ts'
import type { Report } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'

const SESSIONS = 5_000
const options = { baseUrl: 'http://127.0.0.1', strategies: { openid: openidStrategy() } }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** What a `WeakRef` has shown lives until the job ends: a bench that never yields would count it. */
async function heap(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await nextJob()
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** Bytes of heap that `make` leaves for each. */
async function bytesEach(make: (n: number) => unknown): Promise<number> {
  const kept: unknown[] = new Array(SESSIONS)
  const before = await heap()
  for (let n = 0; n < SESSIONS; n++) kept[n] = await make(n)
  const each = ((await heap()) - before) / SESSIONS
  for (const timer of kept)
    if (timer instanceof Object && 'timer' in timer) clearTimeout(timer.timer as never)
  return each
}

/** P8: what a session costs a server while nobody uses it. */
export async function p8(): Promise<Report> {
  const ours = 'xstate-session, memory store'
  const cases = [
    {
      name: ours,
      async sample() {
        const { login } = panel()
        // Sealed text is base64url: four characters for three.
        return (await bytesEach(async () => void (await login()))) - (TOKEN_CHARS * 4) / 3
      },
    },
    { name: 'a session with its actor', sample: () => bytesEach(() => createSession(options)) },
    {
      name: 'a plain object and a timer',
      sample: () =>
        bytesEach((n) => ({ id: `user-${n}`, endsAt: n, version: n, timer: setTimeout(() => {}, 1e6) })),
    },
  ]
  const samples = await interleave(cases, { warmups: 1, rounds: 5, limitMs: 60_000 })
  return {
    id: 'P8',
    title: `heap of an idle session without its tokens, ${SESSIONS} of them`,
    rows: cases.map(({ name }) => ({
      what: 'heap each',
      who: name,
      spread: spreadOf(samples.get(name) ?? []),
      unit: 'bytes',
      ...(name === ours && { goal: 600 }),
    })),
    faults: [],
  }
}
