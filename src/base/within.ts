import type { Clock } from './clock.ts'

/** What `call` comes to, or the error of `late` where nothing has come of it after `ms`. A call that throws rejects. */
export function within<T>(clock: Clock, ms: number, call: () => Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const disarm = clock.setTimer(() => reject(late()), ms, 'background')
    const answer = async () => call()
    answer().then(resolve, reject).finally(disarm)
  })
}
