import type { Call } from '../history.ts'
import type { Bench, Monitor } from '../judge.ts'

/** I23: no caller waits longer than it must. I24: who waited together is told the same. */
export function waits({ report, now, patienceMs }: Bench): Monitor {
  const open = new Set<Call>()
  const bearers = new Map<Call, number>()
  /** By who asked as whom, and when. */
  let told = new Map<string, string>()
  let toldAt = 0

  /** Of calls that began together, and end together. */
  function together({ by, user, at }: Call, result: string) {
    if (toldAt !== now()) told = new Map()
    toldAt = now()
    const key = `${by} ${user} ${at}`
    const other = told.get(key) ?? result
    told.set(key, result)
    if (other !== result)
      report('I24', `callers of ${by} who waited together were told ${other} and ${result}`)
  }

  if (!patienceMs) return { memory: () => [] }
  return {
    on: {
      called: ({ call }) => void open.add(call),
      returned: ({ call, bearer }) => void bearers.set(call, bearer.number),
      settled({ call, result }) {
        const number = bearers.get(call)
        bearers.delete(call)
        if (!open.delete(call)) return
        const tookMs = now() - call.at
        if (tookMs > patienceMs(call)) report('I23', `${call.kind} of ${call.by} took ${tookMs} ms`)
        if (call.kind === 'getToken' && result !== undefined)
          together(call, number === undefined ? result : `bearer ${number}`)
      },
      crashed({ by }) {
        for (const call of open) if (call.by === by || call.by.startsWith(`${by}.`)) open.delete(call)
      },
    },
    atRest() {
      for (const call of open) {
        if (now() - call.at <= patienceMs(call)) continue
        report('I23', `${call.kind} of ${call.by} still waits after ${now() - call.at} ms`)
        open.delete(call)
      }
    },
    memory: () => [...open].map(({ by, number, at }) => ['waits', by, number, at]),
  }
}
