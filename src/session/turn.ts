interface Waiting {
  readonly promise: Promise<string>
  readonly epoch: number
  readonly until: number
  resolve(bearer: string): void
  reject(error: unknown): void
}

/** Everyone who waits for a bearer shares one promise and one deadline, however many they are. */
export function createTurn(now: () => number, patienceMs: number) {
  let waiting: Waiting | undefined
  return {
    promise: () => waiting?.promise,
    until: () => waiting?.until ?? Infinity,
    /** The shared promise; the first who comes sets its deadline. */
    join(epoch: number): Promise<string> {
      if (!waiting) {
        let settlers = {} as Pick<Waiting, 'resolve' | 'reject'>
        const promise = new Promise<string>((resolve, reject) => {
          settlers = { resolve, reject }
        })
        promise.catch(() => {})
        waiting = { promise, ...settlers, epoch, until: now() + patienceMs }
      }
      return waiting.promise
    },
    /** Ends the turn with what `judge` says for those who came in `epoch`; `undefined`: they wait on. */
    settle(judge: (epoch: number, until: number) => (() => string) | undefined) {
      if (!waiting) return
      const { epoch, until, resolve, reject } = waiting
      const verdict = judge(epoch, until)
      if (!verdict) return
      waiting = undefined
      try {
        resolve(verdict())
      } catch (error) {
        reject(error)
      }
    },
  }
}
