import { bytesEach } from '../lib/heap.ts'
import { interleave } from '../lib/interleave.ts'
import { panel, TOKEN_CHARS } from '../lib/panel.ts'
import type { Report } from '../lib/report.ts'
import { spreadOf } from '../lib/spread.ts'

const SESSIONS = 5_000

/** Bytes of heap that `make` leaves for each. */
async function sessionsOf(make: (n: number) => unknown): Promise<number> {
  const { bytes, kept } = await bytesEach(SESSIONS, make)
  for (const timer of kept)
    if (timer instanceof Object && 'timer' in timer) clearTimeout(timer.timer as never)
  return bytes
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
        return (await sessionsOf(async () => void (await login()))) - (TOKEN_CHARS * 4) / 3
      },
    },
    {
      name: 'a plain object and a timer',
      sample: () =>
        sessionsOf((n) => ({ id: `user-${n}`, endsAt: n, version: n, timer: setTimeout(() => {}, 1e6) })),
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
