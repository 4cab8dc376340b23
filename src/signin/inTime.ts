import { systemClock } from '../base/clock.ts'
import type { Line } from '../oauth/line.ts'

/** How long the provider may take for each of its answers. */
const PATIENCE_MS = 25_000

/** A call of the protocol that ends after this time. */
export async function inTime<T>(call: (line: Line) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const disarm = systemClock.setTimer(() => controller.abort(), PATIENCE_MS, 'foreground')
  try {
    return await call({ signal: controller.signal })
  } finally {
    disarm()
  }
}
