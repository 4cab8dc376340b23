/** One examined part, and the result. */
export interface Finding {
  /** The part: `mount`, `cookie`, `store`, … docs/doctor.md lists them. */
  readonly check: string
  /** `wrong`: correct it. `unknown`: it cannot be found out from there. */
  readonly state: 'ok' | 'wrong' | 'unknown'
  /** The result; if something is wrong, also how to correct it. No token, no cookie, no secret. */
  readonly message: string
}

/** Makes the findings of one check. */
export const findingsOf = (check: string) => ({
  ok: (message: string): Finding => ({ check, state: 'ok', message }),
  wrong: (message: string): Finding => ({ check, state: 'wrong', message }),
  unknown: (message: string): Finding => ({ check, state: 'unknown', message }),
})

/** One step of HTTP's `Date`, the time on the way, and the difference that the lead time of bearers tolerates. */
const MAX_SKEW_MS = 30_000

/** Compares the `Date` of an answer with our clock; `whose`: the sender. */
export function clockFinding(date: string | null | undefined, now: number, whose: string): Finding {
  const { ok, wrong, unknown } = findingsOf('clock')
  const told = Date.parse(date ?? '')
  if (Number.isNaN(told)) return unknown(`${whose} does not tell its time: its answers have no Date.`)
  const skew = told - now
  if (Math.abs(skew) <= MAX_SKEW_MS) return ok(`${whose} and this machine agree on the time.`)
  return wrong(
    `The clock of ${whose} is ${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? 'ahead of' : 'behind'} the clock of this machine: set both by NTP.`,
  )
}
