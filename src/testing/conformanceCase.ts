/** One case of a conformance suite: give `name` and `run` to the `test` of any runner. */
export interface ConformanceCase {
  /** What must hold, as a sentence. */
  readonly name: string
  /** Rejects where the contract is not kept. */
  run(): Promise<void>
}

/** Compares plain data. @throws {Error} where they differ */
export function expectSame(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`)
}
