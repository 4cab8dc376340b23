import { setTimeout as sleep } from 'node:timers/promises'
import type { Visitor } from './visitor.ts'

const TABS = 3
const PAUSE_MS = 150

/** Visitors at work, each in several tabs at once. A call that is not answered with 200 failed. */
export function startTraffic(visitors: readonly Visitor[]) {
  let isOver = false
  let calls = 0
  let failed = 0

  async function work(visitor: Visitor): Promise<void> {
    while (!isOver) {
      const status = await visitor.call().catch(() => 0)
      calls++
      if (status !== 200) failed++
      await sleep(PAUSE_MS)
    }
  }

  const working = visitors.flatMap((visitor) => Array.from({ length: TABS }, () => work(visitor)))
  const counts = () => ({ calls, failed })
  return {
    counts,
    async stop() {
      isOver = true
      await Promise.all(working)
      return counts()
    },
  }
}
