import type { Clock } from './clock.ts'

/** The result of `call`, or the error of `late` if there is none after `ms`. Rejects if `call` throws. */
export function within<T>(clock: Clock, ms: number, call: () => Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const disarm = clock.setTimer(() => reject(late()), ms, 'background')
    const answer = async () => call()
    answer().then(
      (value) => {
        disarm()
        resolve(value)
      },
      (error) => {
        disarm()
        reject(error)
      },
    )
  })
}
