import { runWorld, type WorldOptions, type WorldResult } from './runWorld.ts'

const HOUR = 3_600_000
/** More runs than this are not worth what they save. */
const MOST_RUNS = 60

export interface Shrunk {
  readonly options: WorldOptions
  readonly result: WorldResult
  readonly runs: number
}

/**
 * The smallest world that still breaks the same invariant: not longer than until then, with as few sessions and as
 * few faults as it takes. Each candidate is run; what is left out changes nothing for the others.
 */
export async function shrink(options: WorldOptions, found: WorldResult): Promise<Shrunk> {
  const [violation] = found.violations
  if (!violation) throw new Error('There is nothing to shrink: the world broke no invariant.')
  const { invariant } = violation
  let runs = 0
  let best = { options, result: found }

  async function attempt(change: Partial<WorldOptions>): Promise<boolean> {
    if (runs >= MOST_RUNS) return false
    runs += 1
    const candidate = { ...best.options, ...change }
    const result = await runWorld(candidate)
    if (!result.violations.some((one) => one.invariant === invariant)) return false
    best = { options: candidate, result }
    return true
  }

  /** Until just after the first violation of its kind. */
  async function shorten(): Promise<void> {
    const first = best.result.violations.find((one) => one.invariant === invariant)
    const hours = Math.ceil(((first?.at ?? 0) / HOUR) * 1_000 + 1) / 1_000
    if (hours < best.options.hours) await attempt({ hours })
  }

  /** Leaves out halves, then quarters, and so on, of what is there. */
  async function thin(name: 'onlySessions' | 'onlyFaults', all: readonly number[]): Promise<void> {
    let kept = [...(best.options[name] ?? all)]
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0)
      for (let from = 0; from < kept.length && kept.length > 0; ) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)]
        if (await attempt({ [name]: fewer })) kept = fewer
        else from += size
      }
  }

  await shorten()
  const isOfOne = violation.seat >= 0 && (await attempt({ onlySessions: [violation.seat] }))
  if (!isOfOne)
    await thin(
      'onlySessions',
      Array.from({ length: options.sessions }, (_, seat) => seat),
    )
  await shorten()
  if (!(await attempt({ onlyFaults: [] })))
    await thin(
      'onlyFaults',
      best.result.faults.map(({ id }) => id),
    )
  await shorten()
  return { ...best, runs }
}

/** What a shell is given to see it again. */
export function commandOf(
  { seed, hours, sessions, isFleet, onlySessions, onlyFaults }: WorldOptions,
  bug?: string,
): string {
  const list = (name: string, ids: readonly number[] | undefined) =>
    ids === undefined ? '' : ` --${name} ${ids.length > 0 ? ids.join(',') : 'none'}`
  return `npm run simulate -- --world ${seed} --hours ${hours} --sessions ${sessions}${list('only', onlySessions)}${list('faults', onlyFaults)}${isFleet ? ' --fleet' : ''}${bug ? ` --bug ${bug}` : ''}`
}
