import { setImmediate as turn } from 'node:timers/promises'

export interface Case {
  readonly name: string
  /** Takes one sample and answers what it took; any unit, the same for all cases. */
  sample(): number | Promise<number>
}

export interface Budget {
  readonly warmups: number
  readonly rounds: number
  /** No further round begins after this, milliseconds. */
  readonly limitMs: number
}

/** The samples of each case, by round. */
export type Samples = ReadonlyMap<string, readonly number[]>

/** Runs all cases in rounds, each round in another order, so that what disturbs the machine disturbs all alike. */
export async function interleave(
  cases: readonly Case[],
  { warmups, rounds, limitMs }: Budget,
): Promise<Samples> {
  const samples = new Map(cases.map(({ name }) => [name, [] as number[]]))
  const endsAt = performance.now() + limitMs
  for (let round = -warmups; round < rounds && (round <= 0 || performance.now() < endsAt); round++) {
    for (const { name, sample } of shuffled(cases)) {
      const took = await sample()
      if (round >= 0) samples.get(name)?.push(took)
    }
    await turn()
  }
  return samples
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[order[i], order[j]] = [order[j] as T, order[i] as T]
  }
  return order
}
