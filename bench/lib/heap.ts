import { setImmediate as nextJob } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use. What a `WeakRef` has shown lives until the job ends: a bench that never yields would count it. */
export async function heap(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await nextJob()
    collect()
  }
  return process.memoryUsage().heapUsed
}

/** Bytes of heap that each of `count` calls of `make` leaves. Also what they have made, to take it down again. */
export async function bytesEach<T>(count: number, make: (n: number) => T | Promise<T>) {
  const kept: T[] = []
  const before = await heap()
  for (let n = 0; n < count; n++) kept.push(await make(n))
  return { bytes: ((await heap()) - before) / count, kept }
}
