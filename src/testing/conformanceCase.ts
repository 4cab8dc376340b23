/** One case of a conformance suite. Give `name` and `run` to the `test` of any runner. */
export interface ConformanceCase {
  /** A sentence that says what must hold. */
  readonly name: string
  /** Rejects if the contract is not kept. */
  run(): Promise<void>
}

/** Compares plain data. @throws {Error} if they differ */
export function expectSame(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`)
}
