/** One thing that was looked at, and what came of it. */
export interface Finding {
  /** What was looked at: `mount`, `cookie`, `store`, … docs/doctor.md lists them. */
  readonly check: string
  /** `wrong`: something is to be mended. `unknown`: it cannot be told from there. */
  readonly state: 'ok' | 'wrong' | 'unknown'
  /** What was found, and where it is wrong the mend. No token, no cookie, no secret. */
  readonly message: string
}

/** Makes the findings of one check. */
export const findingsOf = (check: string) => ({
  ok: (message: string): Finding => ({ check, state: 'ok', message }),
  wrong: (message: string): Finding => ({ check, state: 'wrong', message }),
  unknown: (message: string): Finding => ({ check, state: 'unknown', message }),
})

/** A tick of HTTP's `Date`, the way, and what the leads of bearers forgive. */
const MAX_SKEW_MS = 30_000

/** Compares the `Date` of an answer with our clock; `whose`: what has sent it. */
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
